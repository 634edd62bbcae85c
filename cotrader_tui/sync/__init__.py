"""A sync cycle: fetch, reconcile, land. Knows brokers by their port and the store by its writer."""
