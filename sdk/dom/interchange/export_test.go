package interchange

import "io"

// ReadZipWithin is ReadZip with other limits.
func ReadZipWithin(r io.ReaderAt, size, total, object int64, files int) ([]*Module, error) {
	return newReader(limits{total, object, files}).zip(r, size)
}

// ParsePath and FormatPath are the two directions of paths.
func ParsePath(s string) (formatted string, ok bool) {
	p, ok := parsePath(s)
	return p.String(), ok
}

// ClassKey is what a type is told apart by.
func ClassKey(s string) (key string, ok bool) {
	c, ok := parseClass(s)
	return c.key(), ok
}
