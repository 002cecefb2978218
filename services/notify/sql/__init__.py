"""What SQL does the messenger use? Named statements, and the migrations beside them."""
