"""The pages that show: the grid, a picture, the map, duplicates."""
