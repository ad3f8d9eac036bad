"""What is asked: words, a sample, filters, an order. Sends nothing."""
