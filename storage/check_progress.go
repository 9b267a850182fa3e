package storage

// Checked is how many rows the checks under way have looked at, 0 when there are
// none.
func (s *Store) Checked() int64 { return s.checked.Load() }

// row notes that a row is looked at.
func (c *checker) row() {
	c.rows++
	c.r.store.checked.Add(1)
}

// records counts the daemon's own records, which only it can read.
func (c *checker) records() error {
	return c.each(spaceTable, func(_, _ []byte) { c.result.Records++ })
}
