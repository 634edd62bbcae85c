"""Adapters to brokers. Each turns a vendor's answers into domain values and knows nothing of store or screen."""
