"""From shapes in space to a picture: textures, light, camera; all of it exact arithmetic."""
