"""View models (视图模型): what a person sees and may do, as plain data. No widget library is imported here."""
