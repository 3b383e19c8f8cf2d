"""What the maps on pages ask for: neighbourhoods as they are drawn, places by name, tiles of our own."""
