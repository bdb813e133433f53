"""What all tables share: columns, and text as rows of cells."""
