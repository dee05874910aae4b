"""Who is in which segment: lists that staff keep, and conditions over what is known of a member."""
