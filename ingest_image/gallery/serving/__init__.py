"""The server under the pages: connections and uploads, the login, protection from other sites."""
