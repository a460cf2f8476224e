"""The agent's routes, a small file a subject: plain functions, run on the thread pool."""
