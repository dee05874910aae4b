"""Cases for review: what looks odd is shown to a person, who dismisses it or freezes the member."""
