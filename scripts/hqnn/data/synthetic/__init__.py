"""Small synthetic sets, one or more a kind of study, in the layouts of real ones."""
