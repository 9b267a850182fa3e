package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"domovoi.dev/storage/kv"
)

// FormatVersion is the version of the key layout. A store of a newer version is
// refused, one of an older version is made one of this.
const FormatVersion = 3

// Older versions.
const (
	formatOneIndex = 1 // had other indexes
	formatNoTexts  = 2 // had no text indexes
)

// upgrade makes a store of an older version one of this version.
func upgrade(tx *Tx, version uint32) error {
	var err error
	switch version {
	case FormatVersion:
		return nil
	case formatOneIndex:
		err = renewIndexes(tx)
	case formatNoTexts:
		err = extendIndexStates(tx)
	default:
		err = fmt.Errorf("the store has format version %d, which never was", version)
	}
	if err != nil {
		return err
	}
	return tx.kv.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, FormatVersion))
}

// What formatNoTexts has for an IndexState: an array of the first five fields.
const (
	statesHad  = 0x95
	statesHave = 0x98
)

// noTexts are the fields that were added: false and two empty lists.
var noTexts = []byte{0xc2, 0x90, 0x90}

// extendIndexStates adds text indexes, of which there are none, to the index
// states of a store of formatNoTexts.
func extendIndexStates(tx *Tx) error {
	it := tx.kv.Scan(kv.PrefixRange([]byte{spaceIndexState}))
	for it.Next() {
		key, value := it.Key(), it.Value()
		if _, rest, err := readString(key[1:]); err != nil || len(rest) > 0 {
			continue // where a filling stands
		}
		if len(value) == 0 || value[0] != statesHad {
			return errors.Join(fmt.Errorf("index state %x: %w", key, errTuple), it.Close())
		}
		extended := append(append([]byte{statesHave}, value[1:]...), noTexts...)
		if err := tx.kv.Set(bytes.Clone(key), extended); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Err(), it.Close())
}

// renewIndexes makes a store whose indexes are of format 1 one of this format:
// without indexes, all to be filled when the manager of their module starts.
func renewIndexes(tx *Tx) error {
	if err := tx.kv.DeleteRange([]byte{spaceIndex}, []byte{spaceIndex + 1}); err != nil {
		return err
	}
	for kind := range properties {
		begin := []byte{spaceObject, kindBytes[kind]}
		it := tx.kv.Scan(kv.PrefixRange(begin))
		for ok := it.Next(); ok; {
			_, moduleID, _, err := parseKind(it.Key())
			if err == nil {
				err = tx.putIndexState(moduleID, &IndexState{Filling: true})
			}
			if err != nil {
				return errors.Join(err, it.Close())
			}
			ok = it.Seek(kv.PrefixEnd(kindPrefix(spaceObject, kind, moduleID)))
		}
		if err := errors.Join(it.Err(), it.Close()); err != nil {
			return err
		}
	}
	return nil
}
