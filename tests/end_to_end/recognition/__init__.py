"""What is recognized in pictures, by one service that the tests here share."""
