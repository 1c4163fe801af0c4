"""What commands share: groups and help pages, what they say, and what their options make of a recipe."""
