"""Finding near duplicates: neighbours by tangent distance, each pair then laid over each other and compared patch by patch."""
