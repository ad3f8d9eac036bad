"""Our roles, our commands and the gallery's login on a real Elasticsearch with security.

.venv/bin/python -m tests.load.secured

Maven Central has Elasticsearch's security without SAML, and without the module that the index of users and API keys
analyzes with: UsersAnalysis.java stands in for that. Most users are those of files, and each has one of our roles. It
takes the jars of security from Maven into a temporary folder (60 jars), and about a minute.
"""
