package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// FormatVersion is the version of the key layout. A store of a newer version is
// refused, one of an older version is made one of this.
const FormatVersion = 4

// Older versions.
const (
	formatOneIndex = 1 // had other indexes
	formatNoTexts  = 2 // had no text indexes
	formatOneValue = 3 // did not know of which fields instances have several values
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
		err = learnSeveral(tx, hadFive, noTexts)
	case formatOneValue:
		err = learnSeveral(tx, hadEight, nil)
	default:
		err = fmt.Errorf("the store has format version %d, which never was", version)
	}
	if err != nil {
		return err
	}
	return tx.kv.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, FormatVersion))
}

// What older versions have for an IndexState: arrays of its first fields.
const (
	hadFive  = 0x95 // formatNoTexts
	hadEight = 0x98 // formatOneValue
	haveTen  = 0x9a
)

// What was added to an IndexState: false and two empty lists, an empty list and
// false.
var (
	noTexts   = []byte{0xc2, 0x90, 0x90}
	noSeveral = []byte{0x90, 0xc2}
)

// learnSeveral makes index states of an older version those of this one. Each
// module that has instances goes over them when its manager starts, to learn
// of which fields they have several values; its indexes are used meanwhile.
func learnSeveral(tx *Tx, had byte, added []byte) error {
	if err := extendIndexStates(tx, had, slices.Concat(added, noSeveral)); err != nil {
		return err
	}
	return eachModule(tx, dom.KindInstance, func(moduleID string) error {
		state, err := tx.storedIndexState(moduleID)
		if err != nil {
			return err
		}
		if state.SeveralUnknown = true; !state.Filling {
			state.Filling, state.PropertiesReady = true, true
			state.AllReady, state.Ready, state.ReadyTexts = !state.Limited, state.Fields, state.Texts
		}
		return errors.Join(tx.kv.Delete(fillKey(moduleID)), tx.putIndexState(moduleID, state))
	})
}

// extendIndexStates adds fields to the index states of a store that had fewer.
func extendIndexStates(tx *Tx, had byte, added []byte) error {
	it := tx.kv.Scan(kv.PrefixRange([]byte{spaceIndexState}))
	for it.Next() {
		key, value := it.Key(), it.Value()
		if _, rest, err := readString(key[1:]); err != nil || len(rest) > 0 {
			continue // where a filling stands
		}
		if len(value) == 0 || value[0] != had {
			return errors.Join(fmt.Errorf("index state %x: %w", key, errTuple), it.Close())
		}
		extended := append(append([]byte{haveTen}, value[1:]...), added...)
		if err := tx.kv.Set(bytes.Clone(key), extended); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Err(), it.Close())
}

// eachModule calls fn with the modules that have objects of a kind.
func eachModule(tx *Tx, kind dom.ObjectKind, fn func(moduleID string) error) error {
	it := tx.kv.Scan(kv.PrefixRange([]byte{spaceObject, kindBytes[kind]}))
	for ok := it.Next(); ok; {
		_, moduleID, _, err := parseKind(it.Key())
		if err == nil {
			err = fn(moduleID)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
		ok = it.Seek(kv.PrefixEnd(kindPrefix(spaceObject, kind, moduleID)))
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
		err := eachModule(tx, kind, func(moduleID string) error {
			return tx.putIndexState(moduleID, &IndexState{Filling: true})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
