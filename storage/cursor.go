package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// Mark is where a page ends, and all that the next one needs to know: nothing is
// kept between pages. Its text form is what a client is given.
type Mark struct {
	Version int
	// Query is the hash of what is read; a mark is good for nothing else.
	Query [16]byte
	// Left is how many objects the query's limit still allows, negative for all.
	Left int64
	// Began is when the first page was read.
	Began time.Time
	// ID and Key are those of the last object of the page. The ID of a history
	// record is its place.
	ID  string
	Key []dom.Value
}

// markVersion is the version of the form of marks.
const markVersion = 1

// errMark refuses the cursor of a page.
func errMark(reason string) error {
	return slnet.Errorf(slnet.KindInvalid, "the page cursor cannot be used: %s; read the first page again, without a cursor", reason)
}

// queryHash tells apart what pages are read of.
func (q *search) queryHash() ([16]byte, error) {
	b, err := q.query.MarshalMsg(appendString(appendString(nil, q.kind), q.moduleID))
	sum := sha256.Sum256(b)
	return [16]byte(sum[:]), err
}

func (m *Mark) encode() (string, error) {
	b, err := m.MarshalMsg(nil)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// decodeMark reads the text form of a mark of this query.
func (q *search) decodeMark(text string) (*Mark, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errMark("it is not one that a page was answered with")
	}
	m := new(Mark)
	if rest, err := m.UnmarshalMsg(b); err != nil || len(rest) > 0 {
		return nil, errMark("it is not one that a page was answered with")
	}
	if m.Version != markVersion {
		return nil, errMark("it was made by another version of the program")
	}
	hash, err := q.queryHash()
	if err != nil {
		return nil, err
	}
	if m.Query != hash {
		return nil, errMark("it belongs to another query")
	}
	_, isID := objectKey(q.kind, q.moduleID, m.ID)
	if q.kind == dom.KindHistoryChange {
		_, isID = parseHistoryPlace(m.ID)
	}
	if !isID || len(m.Key) != len(q.query.Orders) {
		return nil, errMark("it is not one that a page was answered with")
	}
	return m, nil
}

// page answers with the objects behind the cursor.
//
// A page begins behind the id of the object that the page before ended with, or
// behind what that object was ordered by, so it does not matter which objects
// have come, gone or changed meanwhile: an object that did not change its place
// is in exactly one page. An object that changes its place while pages are read
// is left out where it would come a second time: its version of when the first
// page was read says whether it has come. It is missing only when somebody moves
// it from where no page has been to where one has.
func (q *search) page(s Search) (Answer, error) {
	mark := &Mark{Version: markVersion, Left: int64(q.limit()), Began: q.r.store.now()}
	var after *Mark
	var err error
	if s.Cursor != "" {
		if after, err = q.decodeMark(s.Cursor); err != nil {
			return Answer{}, err
		}
		mark.Left, mark.Began = after.Left, after.Began
	} else if mark.Query, err = q.queryHash(); err != nil {
		return Answer{}, err
	}
	size := int64(s.PageSize)
	if mark.Left >= 0 {
		size = min(size, mark.Left)
	}
	if size == 0 {
		return q.answerOf(nil)
	}
	q.isPaged = true
	list, err := q.list(int(size)+1, after)
	if err != nil {
		return Answer{}, err
	}
	// A page ends early where its objects are too large for one answer; one object
	// always fits.
	if n := int64(fitting(list)); n < min(size, int64(len(list))) {
		size = max(n, 1)
	} else if int64(len(list)) <= size || mark.Left == size {
		return q.answerOf(list[:min(int(size), len(list))])
	}
	list = list[:size]
	answer, err := q.answerOf(list)
	if err != nil {
		return Answer{}, err
	}
	if after != nil {
		mark.Query = after.Query
	}
	if mark.Left > 0 {
		mark.Left -= size
	}
	last := list[len(list)-1]
	mark.ID, mark.Key = last.id, last.key
	if mark.Key == nil {
		mark.Key = make([]dom.Value, len(q.query.Orders))
	}
	answer.Next, err = mark.encode()
	return answer, err
}

// isBehind reports whether an object comes behind a mark in the query's order.
func (q *search) isBehind(mark *Mark, key []dom.Value, id string) bool {
	c := q.query.CompareKeys(key, mark.Key)
	return c > 0 || c == 0 && id > mark.ID
}

// wasBefore reports whether an object that now comes behind a mark has come in
// an earlier page: it was changed since the first one, and before that came
// before the mark.
func (q *search) wasBefore(mark *Mark, f *found) (bool, error) {
	if !f.modified().After(mark.Began) {
		return false, nil
	}
	rng := kv.PrefixRange(versionPrefix(q.kind, q.moduleID, f.id))
	rng.Reverse = true
	it := q.r.kv.Scan(rng)
	defer it.Close()
	var o dom.RawObject
	for it.Next() {
		q.work.Objects++
		o.Reset(q.kind, bytes.Clone(it.Value()))
		was := found{object: &o}
		if was.modified().After(mark.Began) {
			continue
		}
		came := q.matcher.Matches(&o) && !q.isBehind(mark, q.query.SortKey(&o), f.id)
		return came, errors.Join(o.Err(), it.Err())
	}
	return false, it.Err()
}

// modified is when the object was last modified.
func (f *found) modified() time.Time {
	for _, v := range f.object.Values(dom.InstanceExposers.LastModified) {
		return v.Time()
	}
	return time.Time{}
}
