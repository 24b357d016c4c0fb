"""Where a lab's examples come from: built-in sets, tables, homework, models; and the table that they were before."""
