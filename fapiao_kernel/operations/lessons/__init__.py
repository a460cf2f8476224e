"""Lessons (课程): a guided clear on a practice card with one fault dropped in, and a result sheet that ticks itself."""
