package backup_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"domovoi.dev/storage/backup"
)

var header = backup.Header{CreatedAt: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), Program: "v1.2.3", StoreVersion: 42, Keys: true}

// content is what a backup of the tests holds.
type content struct {
	rows, files map[string]string
}

// contentOf makes rows and files of all sizes, the same for a seed.
func contentOf(seed uint64, rows int) content {
	random := rand.New(rand.NewPCG(seed, 1))
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		return string(b)
	}
	c := content{make(map[string]string), make(map[string]string)}
	for i := range rows {
		c.rows[fmt.Sprintf("row %06d", i)] = strings.Repeat("x", i%300) + text(20)
	}
	c.rows["large"] = text(5 << 20)
	c.rows["empty"] = ""
	c.files["attachments/empty"] = ""
	c.files["attachments/one"] = text(1 << 20)
	c.files["attachments/three"] = text(3<<20 + 5)
	for i := range 20 {
		c.files[fmt.Sprintf("logs/%03d.jsonl", i)] = strings.Repeat("line\n", i)
	}
	return c
}

func (c content) write(t testing.TB, w io.Writer) backup.Totals {
	t.Helper()
	b, err := backup.NewWriter(w, header)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(c.rows)) {
		if err := b.Row([]byte(key), []byte(c.rows[key])); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if err := b.File(name, strings.NewReader(c.files[name])); err != nil {
			t.Fatal(err)
		}
	}
	b.Missing("plugins/lost")
	totals, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	return totals
}

// file is a file that a test reads.
type file struct {
	bytes.Buffer
	done func(string)
}

func (f *file) Close() error { f.done(f.String()); return nil }

// read reads a backup to its end.
func read(r io.Reader, key *backup.Key) (c content, h backup.Header, totals backup.Totals, err error) {
	c = content{make(map[string]string), make(map[string]string)}
	b, err := backup.Open(r, key)
	if err != nil {
		return c, h, totals, err
	}
	totals, err = b.Read(backup.Sink{
		Row: func(key, value []byte) error { c.rows[string(key)] = string(value); return nil },
		File: func(name string) (io.WriteCloser, error) {
			return &file{done: func(text string) { c.files[name] = text }}, nil
		},
	})
	return c, b.Header(), totals, err
}

func TestRoundTrip(t *testing.T) {
	want := contentOf(1, 10_000)
	var b bytes.Buffer
	written := want.write(t, &b)
	got, h, totals, err := read(&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h != header {
		t.Errorf("header %+v, want %+v", h, header)
	}
	if diff := cmp.Diff(written, totals); diff != "" || totals.Rows != 10_002 || totals.Files != 23 || len(totals.Missing) != 1 {
		t.Errorf("totals %+v\n%s", totals, diff)
	}
	if !maps.Equal(got.rows, want.rows) || !maps.Equal(got.files, want.files) {
		t.Error("what was read is not what was written")
	}
}

// TestDamage cuts a backup at every byte and flips a bit of every byte: none is
// taken for whole.
func TestDamage(t *testing.T) {
	small := content{
		rows:  map[string]string{"a": "1", "b": strings.Repeat("long ", 50), "c": ""},
		files: map[string]string{"logs/a": "line\n", "secrets.key": "key"},
	}
	var b bytes.Buffer
	small.write(t, &b)
	whole := b.Bytes()
	refused := func(what string, at int, file []byte) {
		t.Helper()
		if _, _, _, err := read(bytes.NewReader(file), nil); !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNoBackup) && !errors.Is(err, backup.ErrNewerFormat) {
			t.Fatalf("%s at %d of %d: %v", what, at, len(whole), err)
		}
	}
	for i := range whole {
		refused("cut", i, whole[:i])
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		refused("flipped", i, flipped)
		refused("grown", i, slices.Insert(bytes.Clone(whole), i, 0))
	}
	refused("twice", len(whole), append(bytes.Clone(whole), whole...))
}

// TestLargeDamage flips bits of a backup of many blocks, and exchanges blocks.
func TestLargeDamage(t *testing.T) {
	var b bytes.Buffer
	contentOf(2, 3000).write(t, &b)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	for range 10 {
		at := random.IntN(b.Len())
		flipped := bytes.Clone(b.Bytes())
		flipped[at] ^= 1 << random.IntN(8)
		if _, _, _, err := read(bytes.NewReader(flipped), nil); err == nil {
			t.Errorf("seed %d: a bit of byte %d was flipped, and nobody saw it", seed, at)
		}
		if _, _, _, err := read(bytes.NewReader(b.Bytes()[:at]), nil); !errors.Is(err, backup.ErrDamaged) && at > 20 {
			t.Errorf("seed %d: cut at %d: %v", seed, at, err)
		}
	}
}

func TestOtherFiles(t *testing.T) {
	for _, test := range []struct {
		file string
		want error
	}{
		{"", backup.ErrNoBackup},
		{"hello, this is a text", backup.ErrNoBackup},
		{"domovoi-backup-2\nand what comes then", backup.ErrNewerFormat},
		{"domovoi-backup-x\nand what comes then", backup.ErrDamaged},
		{"domovoi-backup-01\nand what comes then", backup.ErrDamaged},
		{"age-encryption.org/v1\n", backup.ErrEncrypted},
	} {
		if _, err := backup.Open(strings.NewReader(test.file), nil); !errors.Is(err, test.want) {
			t.Errorf("%q: %v, want %v", test.file, err, test.want)
		}
	}
}

// TestNames refuses files that would lie elsewhere than below a folder.
func TestNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "/x", "a//b", "a/../b", `a\b`, "c:x", "a\x00", strings.Repeat("x", 501)} {
		b, err := backup.NewWriter(io.Discard, header)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.File(name, strings.NewReader("")); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
}

func TestOrder(t *testing.T) {
	for name, write := range map[string]func(b *backup.Writer) error{
		"a key twice":        func(b *backup.Writer) error { return errors.Join(b.Row([]byte("a"), nil), b.Row([]byte("a"), nil)) },
		"a key before":       func(b *backup.Writer) error { return errors.Join(b.Row([]byte("b"), nil), b.Row([]byte("a"), nil)) },
		"a file twice":       func(b *backup.Writer) error { return errors.Join(b.File("a", nothing()), b.File("a", nothing())) },
		"a row behind files": func(b *backup.Writer) error { return errors.Join(b.File("a", nothing()), b.Row([]byte("a"), nil)) },
	} {
		b, err := backup.NewWriter(io.Discard, header)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(b); err == nil {
			t.Errorf("%s was taken", name)
		}
		if _, err := b.Close(); err == nil {
			t.Errorf("%s: the backup was completed after an error", name)
		}
	}
}

func nothing() io.Reader { return strings.NewReader("") }

// full is a writer with room for so many bytes.
type full struct{ room int }

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestFull fails every write once: the writer says so.
func TestFull(t *testing.T) {
	for _, room := range []int{0, 20, 100, 1000} {
		b, err := backup.NewWriter(&full{room}, header)
		if err == nil {
			err = b.Row([]byte("a"), []byte(strings.Repeat("x", 100)))
		}
		if err == nil {
			err = b.File("name", strings.NewReader(strings.Repeat("abcdefgh", 1<<18)))
		}
		if err == nil {
			_, err = b.Close()
		}
		if (err == nil) != (room == 1000) && !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

// TestSameBlocks promises to programs that keep equal pieces of files once that
// what did not change makes the same bytes.
func TestSameBlocks(t *testing.T) {
	c := contentOf(3, 12_000)
	delete(c.rows, "large")
	var before, after bytes.Buffer
	c.write(t, &before)
	c.rows["row 002000"] = "changed"
	c.rows["row 002000a"] = "new"
	delete(c.rows, "row 002001")
	c.write(t, &after)
	known := make(map[string]bool)
	for _, block := range blocksOf(before.Bytes()) {
		known[block] = true
	}
	same := 0
	for _, block := range blocksOf(after.Bytes()) {
		if known[block] {
			same += len(block)
		}
	}
	if share := float64(same) / float64(after.Len()); share < 0.5 {
		t.Errorf("%.0f %% of the bytes stand in blocks as before", 100*share)
	}
}

// blocksOf are the blocks of a backup, by what docs/backup.md says.
func blocksOf(file []byte) (blocks []string) {
	const frame = 16
	for rest := file[len("domovoi-backup-1\n"):]; len(rest) > 0; {
		size := frame + int(binary.BigEndian.Uint32(rest[4:]))
		blocks = append(blocks, string(rest[:size]))
		rest = rest[size:]
	}
	return blocks
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestEncryption writes for each kind of key, and reads with the right one, with
// another one, and without.
func TestEncryption(t *testing.T) {
	want := contentOf(4, 100)
	delete(want.rows, "large")
	x25519 := must(age.GenerateX25519Identity())(t)
	hybrid := must(age.GenerateHybridIdentity())(t)
	other := must(age.GenerateX25519Identity())(t)
	passphrase := writeFile(t, "passphrase", "correct horse\nnot read")
	for _, test := range []struct {
		name  string
		lock  *backup.Lock
		right *backup.Key
		wrong []*backup.Key
	}{
		{"recipient", must(backup.RecipientsFile(writeFile(t, "recipients", "# ann\n"+x25519.Recipient().String()+"\n")))(t),
			must(backup.IdentityFile(writeFile(t, "identity", x25519.String())))(t),
			[]*backup.Key{must(backup.IdentityFile(writeFile(t, "identity", other.String())))(t), must(backup.PassphraseKey(passphrase))(t)}},
		{"hybrid recipient", must(backup.RecipientsFile(writeFile(t, "recipients", hybrid.Recipient().String())))(t),
			must(backup.IdentityFile(writeFile(t, "identity", hybrid.String())))(t), nil},
		{"passphrase", must(backup.PassphraseFile(passphrase))(t), must(backup.PassphraseKey(passphrase))(t),
			[]*backup.Key{must(backup.PassphraseKey(writeFile(t, "passphrase", "incorrect horse")))(t), must(backup.IdentityFile(writeFile(t, "identity", other.String())))(t)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			w, own, err := test.lock.Encrypt(&b)
			if err != nil {
				t.Fatal(err)
			}
			want.write(t, w)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			for name, key := range map[string]*backup.Key{"right": test.right, "own": own} {
				got, _, _, err := read(bytes.NewReader(b.Bytes()), key)
				if err != nil || !maps.Equal(got.rows, want.rows) || !maps.Equal(got.files, want.files) {
					t.Errorf("with the %s key: %v", name, err)
				}
			}
			for _, key := range test.wrong {
				if _, _, _, err := read(bytes.NewReader(b.Bytes()), key); !errors.Is(err, backup.ErrWrongKey) {
					t.Errorf("with a wrong key: %v", err)
				}
			}
			if _, _, _, err := read(bytes.NewReader(b.Bytes()), nil); !errors.Is(err, backup.ErrEncrypted) {
				t.Errorf("without a key: %v", err)
			}
			rounds := 10
			if test.name == "passphrase" {
				rounds = 1 // each takes a while
			}
			for range rounds {
				at := 200 + rand.IntN(b.Len()-200) // before may stand another work factor
				flipped := bytes.Clone(b.Bytes())
				flipped[at] ^= 1 << rand.IntN(8)
				if _, _, _, err := read(bytes.NewReader(flipped), test.right); err == nil {
					t.Errorf("a bit of byte %d was flipped, and nobody saw it", at)
				}
				if _, _, _, err := read(bytes.NewReader(b.Bytes()[:at]), test.right); err == nil {
					t.Errorf("it was cut at %d, and nobody saw it", at)
				}
			}
		})
	}
	for _, text := range []string{"", "\n", "# nothing"} {
		if _, err := backup.RecipientsFile(writeFile(t, "recipients", text)); err == nil {
			t.Errorf("%q was taken for recipients", text)
		}
	}
	if _, err := backup.PassphraseFile(writeFile(t, "passphrase", "\nsecond line")); err == nil {
		t.Error("an empty line was taken for a passphrase")
	}
}

// FuzzRead reads what is no backup: no panic, and little memory.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	content{rows: map[string]string{"a": "1"}, files: map[string]string{"logs/a": "line\n"}}.write(f, &b)
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		read(bytes.NewReader(file), nil)
	})
}
