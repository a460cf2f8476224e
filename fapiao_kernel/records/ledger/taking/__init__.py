"""Taking imports in (入库): tables over the fast road, odd rows and single invoices over the careful one, in one transaction."""
