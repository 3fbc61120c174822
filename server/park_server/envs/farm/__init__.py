"""A farm of links: template (the skeleton), farm_plan (pure), farm_apply (disk), farm_build."""
