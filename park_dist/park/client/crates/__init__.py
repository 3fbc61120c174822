"""Jobs as files that outlive their service: written as RO-Crates, read with care, run again."""
