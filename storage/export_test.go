package storage

import (
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// What tests need to look into the key space, and to damage it.

// The spaces of the key space.
const (
	SpaceObject  = spaceObject
	SpaceVersion = spaceVersion
	SpaceIndex   = spaceIndex
	SpaceCounter = spaceCounter
	SpaceFeed    = spaceFeed
	SpaceHistory = spaceHistory
)

var (
	MetaFormatKey        = metaFormatKey
	AppendString         = appendString[string]
	AppendValue          = appendExact
	ReadString           = readString
	ReadGuid             = readGuid
	SkipElement          = skipElement
	VersionKey           = versionKey
	CounterKey           = counterKey
	DefinitionCounterKey = definitionCounterKey
)

// IndexKeys are the index entries an object has in a module that indexes all
// fields.
func IndexKeys(moduleID string, o dom.Object) [][]byte {
	return indexKeys(moduleID, o, fieldSet{all: true})
}

// ObjectKey is the key of an object.
func ObjectKey(kind dom.ObjectKind, moduleID, id string) []byte {
	key, _ := objectKey(kind, moduleID, id)
	return key
}

// HistoryKeyOf is the key of the history record of a revision.
func HistoryKeyOf(moduleID string, id dom.InstanceID, revision int64) []byte {
	return appendInt(historyPrefix(moduleID, id), revision)
}

// FeedKey is the key of the feed row of a commit.
func FeedKey(cursor slnet.Cursor) []byte { return feedKey(cursor) }
