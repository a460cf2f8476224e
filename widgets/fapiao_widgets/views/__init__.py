"""Views (视图): thin; they draw what a view model says and hand a person's intents back to it."""
