"""What SQL does the referee use? Named statements, and the migrations beside them."""
