"""Who calls: tokens, signed requests, and the proofs that go back."""
