package storage

import (
	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// The spaces of the key space: the first byte of every key. They are on disk
// and never change.
const (
	spaceMeta    = 'm' // format version
	spaceObject  = 'o' // kind, module, id -> object
	spaceVersion = 'v' // kind, module, id, revision -> object as it was
	spaceIndex   = 'i' // kind, module, index, value, id -> nothing
	spaceCounter = 'c' // kind, module [, definition] -> number of objects
	spaceModel   = 'd' // module -> changes with every change of the model
	spaceFeed    = 'f' // version -> feed row
	spaceTable   = 't' // table, key -> record
	spaceHistory = 'h' // kind, module, id, revision -> history row
	spaceInfo    = 'e' // version, number -> information event
	spaceAudit   = 'u' // version, number -> audit row

	spaceAttachment = 'a' // kind, module, id, folded name -> attachment
	spaceReference  = 'r' // hash of a blob, key of an attachment -> nothing
	spaceIncrement  = 'n' // counter -> the last number handed out
	spaceOutlived   = 'l' // kind, module, id -> last revision of a deleted instance whose history stays
	spaceIndexState = 'x' // module -> which indexes there are
)

// kindBytes are the bytes of the kinds of objects in keys.
var kindBytes = map[dom.ObjectKind]byte{
	dom.KindModuleSettings:     1,
	dom.KindSectionDefinition:  2,
	dom.KindDefinition:         3,
	dom.KindInstance:           4,
	dom.KindBehaviorDefinition: 5,
	dom.KindTemplate:           6,
}

// kindOf is the reverse of kindBytes.
var kindOf = func() map[byte]dom.ObjectKind {
	m := make(map[byte]dom.ObjectKind, len(kindBytes))
	for kind, b := range kindBytes {
		m[b] = kind
	}
	return m
}()

var metaFormatKey = []byte{spaceMeta, 'f'}

// kindPrefix is the prefix of all keys of a kind in a module. Module settings
// belong to no module: theirs is "".
func kindPrefix(space byte, kind dom.ObjectKind, moduleID string) []byte {
	return appendString(append(make([]byte, 0, 96), space, kindBytes[kind]), moduleID)
}

// appendObjectID appends the id of an object to a key. Ids are GUIDs but for
// module settings.
func appendObjectID(b []byte, kind dom.ObjectKind, id string) ([]byte, bool) {
	if kind == dom.KindModuleSettings {
		return appendString(b, id), true
	}
	guid, err := uuid.Parse(id)
	return appendGuid(b, guid), err == nil
}

// readObjectID reads what appendObjectID appended.
func readObjectID(kind dom.ObjectKind, b []byte) (id string, rest []byte, err error) {
	if kind == dom.KindModuleSettings {
		return readString(b)
	}
	guid, rest, err := readGuid(b)
	return uuid.UUID(guid).String(), rest, err
}

// objectKey is the key of an object; ok is false when id is none.
func objectKey(kind dom.ObjectKind, moduleID, id string) (key []byte, ok bool) {
	return appendObjectID(kindPrefix(spaceObject, kind, moduleID), kind, id)
}

// versionPrefix is the prefix of the keys of all earlier versions of an object.
func versionPrefix(kind dom.ObjectKind, moduleID, id string) []byte {
	key, _ := appendObjectID(kindPrefix(spaceVersion, kind, moduleID), kind, id)
	return key
}

func versionKey(kind dom.ObjectKind, moduleID, id string, revision int64) []byte {
	return appendInt(versionPrefix(kind, moduleID, id), revision)
}

func counterKey(kind dom.ObjectKind, moduleID string) []byte {
	return kindPrefix(spaceCounter, kind, moduleID)
}

func definitionCounterKey(moduleID string, id dom.DefinitionID) []byte {
	return appendGuid(kindPrefix(spaceCounter, dom.KindInstance, moduleID), id)
}

func modelKey(moduleID string) []byte {
	return appendString([]byte{spaceModel}, moduleID)
}
