"""What is recognized in pictures. A group of its own, with the one service that recognizes (helpers/groups.py)."""
