package secrets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"domovoi.dev/sdk/slnet"
)

// keyHeader is what a key file begins with, before 64 hexadecimal digits.
const keyHeader = "domovoi-secrets-key-1 "

// keyFile is where the key lies. It is read again until there is one.
type keyFile struct {
	path string

	mu  sync.Mutex
	key *cipherKey // guarded by mu
}

// get returns the key. make says that a missing file is made; otherwise it is an
// error that says what to do.
func (f *keyFile) get(create bool) (*cipherKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key != nil {
		return f.key, nil
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) && create {
		text, err = f.create()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, slnet.Errorf(slnet.KindUnavailable, "secrets cannot be read: the key file %s is missing; put it back, or set the secrets again", filepath.Base(f.path))
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of secrets: %w", err)
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyHeader)
	key, err := hex.DecodeString(digits)
	if !ok || err != nil || len(key) != 32 {
		return nil, slnet.Errorf(slnet.KindUnavailable, "secrets cannot be read: the file %s is no key; it has %q and 64 hexadecimal digits", filepath.Base(f.path), keyHeader)
	}
	f.key, err = newCipherKey(key)
	return f.key, err
}

// create makes a new key, for its owner only, in one step.
func (f *keyFile) create() ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key)
	text := []byte(keyHeader + hex.EncodeToString(key) + "\n")
	file, err := os.CreateTemp(filepath.Dir(f.path), "secrets.key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		// A link, unlike a rename, does not replace a key that is there meanwhile.
		err = os.Link(file.Name(), f.path)
	}
	return text, errors.Join(err, os.Remove(file.Name()))
}

// cipherKey encrypts with AES-256-GCM.
type cipherKey struct {
	id   []byte // tells keys apart, says nothing about the key
	aead cipher.AEAD
}

// format is the first byte of what is sealed.
const format = 1

const idSize = 4

func newCipherKey(key []byte) (*cipherKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(append([]byte("id of a key of secrets: "), key...))
	return &cipherKey{id[:idSize], aead}, nil
}

// seal encrypts a value: format, id of the key, nonce and ciphertext. It can
// only be opened under the same name, so that records cannot be exchanged.
func (k *cipherKey) seal(name, value string) []byte {
	sealed := append([]byte{format}, k.id...)
	return k.aead.Seal(sealed, nil, []byte(value), []byte(name))
}

func (k *cipherKey) open(name string, sealed []byte) (string, error) {
	if len(sealed) < 1+idSize || sealed[0] != format {
		return "", slnet.Errorf(slnet.KindUnavailable, "the secret %s is damaged, or of a newer version of the daemon; set it again", name)
	}
	if !bytes.Equal(sealed[1:1+idSize], k.id) {
		return "", slnet.Errorf(slnet.KindUnavailable, "the secret %s was set with another key file; put that one back, or set the secret again", name)
	}
	value, err := k.aead.Open(nil, nil, sealed[1+idSize:], []byte(name))
	if err != nil {
		return "", slnet.Errorf(slnet.KindUnavailable, "the secret %s is damaged; set it again", name)
	}
	return string(value), nil
}
