package interchange

import (
	"bufio"
	"encoding/json"

	"fmt"
	"io/fs"
)

// meter bounds what is read from a file: the bytes of all files, and those of
// one object.
type meter struct {
	fs.File
	reader *reader
	object int64 // bytes left for the object
}

// errLimit is a bound that was passed.
type errLimit string

func (e errLimit) Error() string { return string(e) }

func (m *meter) Read(p []byte) (int, error) {
	switch {
	case m.reader.left <= 0:
		return 0, errLimit(fmt.Sprintf("the files hold more than %d bytes", m.reader.limits.total))
	case m.object <= 0:
		return 0, errLimit(fmt.Sprintf("an object has more than %d bytes", m.reader.limits.object))
	}
	if limit := min(m.reader.left, m.object); int64(len(p)) > limit {
		p = p[:limit]
	}
	n, err := m.File.Read(p)
	m.reader.left -= int64(n)
	m.object -= int64(n)
	return n, err
}

// skipMark passes over the byte order mark.
func skipMark(r *bufio.Reader) *bufio.Reader {
	if mark, _ := r.Peek(3); string(mark) == "\uFEFF" {
		r.Discard(3)
	}
	return r
}

// stream walks the outer parts of module.json and hands the objects out one by
// one.
type stream struct {
	dec   *json.Decoder
	meter *meter
	last  *path // where the walk is
}

func (s *stream) begin(at *path, open json.Delim, want string) error {
	s.last = at
	token, err := s.dec.Token()
	if err != nil {
		return err
	}
	if token != open {
		return errorAt(moduleFile, at.String(), "want %s, got %v", want, token)
	}
	return nil
}

// array walks an array.
func (s *stream) array(at *path, each func(at *path) error) error {
	if err := s.begin(at, '[', "an array"); err != nil {
		return err
	}
	return s.items(at, each)
}

func (s *stream) items(at *path, each func(at *path) error) error {
	for i := 0; s.dec.More(); i++ {
		s.last = at.item(i)
		if err := each(s.last); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

// object walks an object.
func (s *stream) object(at *path, each func(at *path, name string) error) error {
	if err := s.begin(at, '{', "an object"); err != nil {
		return err
	}
	return s.memberList(at, each)
}

func (s *stream) memberList(at *path, each func(at *path, name string) error) error {
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name := token.(string)
		s.last = at.member(name)
		if err := each(s.last, name); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

// list walks a list: null, an array, or {$type, $values}.
func (s *stream) list(at *path, each func(at *path) error) error {
	token, err := s.dec.Token()
	switch {
	case err != nil || token == nil:
		return err
	case token == json.Delim('['):
		return s.items(at, each)
	case token != json.Delim('{'):
		return errorAt(moduleFile, at.String(), "want a list, got %v", token)
	}
	return s.memberList(at, func(inner *path, name string) error {
		switch name {
		case "$type":
			_, err := s.value()
			return err
		case "$values":
			return s.array(at, each)
		}
		return errorAt(moduleFile, inner.String(), "want $type and $values")
	})
}

// value reads a whole value.
func (s *stream) value() (tree, error) {
	s.meter.object = s.meter.reader.limits.object
	var raw json.RawMessage
	if err := s.dec.Decode(&raw); err != nil {
		return nil, err
	}
	return parseTree(raw)
}
