"""Large workflows, in small: what they consist of by function, found once, and then followed."""
