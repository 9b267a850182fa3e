package declaration

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// treeOf is a value in the form in which values are compared and shown: objects
// are maps, lists slices, durations and permissions texts, times in UTC. What is
// zero or empty is nil, and not in its object.
func treeOf(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case time.Duration:
		if value == 0 {
			return nil
		}
		return value.String()
	case slnet.PermissionFlag:
		return value.String()
	case time.Time:
		if value.IsZero() {
			return nil
		}
		return value.UTC().Format(time.RFC3339Nano)
	}
	if v.IsZero() {
		return nil
	}
	if reflect.PointerTo(v.Type()).Implements(jsonType) || reflect.PointerTo(v.Type()).Implements(textType) {
		return selfTree(v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return treeOf(v.Elem())
	case reflect.Struct:
		o := make(map[string]any)
		for name, field := range fieldsOf(v) {
			if t := treeOf(field); t != nil {
				o[name] = t
			}
		}
		return orNil(o, len(o))
	case reflect.Map:
		o := make(map[string]any)
		for _, key := range v.MapKeys() {
			item := v.MapIndex(key)
			if o[key.String()] = treeOf(item); item.IsZero() {
				o[key.String()] = item.Interface()
			}
		}
		return orNil(o, len(o))
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = treeOf(v.Index(i))
		}
		return orNil(list, len(list))
	}
	return v.Interface()
}

func orNil(t any, n int) any {
	if n == 0 {
		return nil
	}
	return t
}

// selfTree is the tree of a value that writes its JSON itself.
func selfTree(v reflect.Value) any {
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return err.Error()
	}
	decode := json.NewDecoder(bytes.NewReader(raw))
	decode.UseNumber()
	var t any
	if err := decode.Decode(&t); err != nil {
		return err.Error()
	}
	return t
}

// textOf is a tree as JSON, in which members are in the order of their names.
func textOf(t any) string { return string(rawOf(t)) }

func rawOf(t any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(t); err != nil {
		return json.RawMessage("null")
	}
	return json.RawMessage(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// difference is how two trees differ; lists differ as a whole.
func difference(path string, before, after any) []interchange.Change {
	was, _ := before.(map[string]any)
	is, _ := after.(map[string]any)
	if was != nil && is != nil {
		var changes []interchange.Change
		names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			changes = append(changes, difference(path+"."+name, was[name], is[name])...)
		}
		return changes
	}
	if textOf(before) == textOf(after) {
		return nil
	}
	return []interchange.Change{{Path: path, Kind: interchange.Changed, Before: rawOf(before), After: rawOf(after)}}
}

// sameSet reports whether two lists have the same items in any order.
func sameSet(a, b any) bool {
	return slices.Equal(itemTexts(a), itemTexts(b))
}

func itemTexts(t any) []string {
	list, _ := t.([]any)
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = strings.ToLower(textOf(item))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// inOrder is a list in the order of its items.
func inOrder(t any) any {
	list, ok := t.([]any)
	if !ok {
		return t
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(textOf(a), textOf(b)) })
	return list
}

// sameName reports whether two names are those of the same thing.
func sameName(a, b any) bool {
	x, _ := a.(string)
	y, _ := b.(string)
	return strings.EqualFold(x, y)
}
