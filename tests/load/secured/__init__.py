"""Our roles, our commands and the gallery's login on a real Elasticsearch with security.

.venv/bin/python -m tests.load.secured

Maven Central has Elasticsearch's security without SAML and without the analysis of its index of users. So the users are
those of files, and each has one of our roles. It takes the jars of security from Maven into a temporary folder (60 jars),
and about a minute.
"""
