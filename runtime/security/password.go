package security

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"domovoi.dev/sdk/slnet"
)

const (
	minPassword = 8    // characters
	maxPassword = 1024 // characters

	// Cost of a new hash: what OWASP recommends for argon2id. A stored hash
	// keeps the cost it was made with.
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSize    = 32
	saltSize    = 16

	// maxHashMemory bounds what a damaged record can ask for.
	maxHashMemory = 64 << 10 // KiB

	// maxHashing is how many hashes are computed at once: each takes 19 MiB and
	// a core for some 30 ms, and anybody can ask for one.
	maxHashing = 2
)

// passwords makes and checks password hashes.
type passwords struct {
	slots *semaphore.Weighted
	// nobody is a hash that no password has, to be compared with where there is
	// none.
	nobody string
}

func newPasswords() passwords {
	key := make([]byte, hashSize)
	rand.Read(key) // never fails
	nobody := newPasswordHash()
	nobody.key = key
	return passwords{slots: semaphore.NewWeighted(maxHashing), nobody: nobody.String()}
}

// create checks a new password against the rules and returns its hash.
func (p *passwords) create(ctx context.Context, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return "", slnet.Errorf(slnet.KindInvalid, "the password is too short or too long; choose one of %d to %d characters", minPassword, maxPassword)
	}
	h := newPasswordHash()
	key, err := p.compute(ctx, h, password)
	if err != nil {
		return "", err
	}
	h.key = key
	return h.String(), nil
}

// matches reports whether a password has the hash.
func (p *passwords) matches(ctx context.Context, hash, password string) (bool, error) {
	h, err := parsePasswordHash(hash)
	if err != nil {
		return false, err
	}
	key, err := p.compute(ctx, h, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, h.key) == 1, nil
}

// compute computes the key of a password with the cost and salt of h.
func (p *passwords) compute(ctx context.Context, h passwordHash, password string) ([]byte, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for the hash of a password: %w", err)
	}
	defer p.slots.Release(1)
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, hashSize), nil
}

// passwordHash is a password's key with the salt and the cost it was made with.
type passwordHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// newPasswordHash returns a hash of today's cost and a fresh salt, without key.
func newPasswordHash() passwordHash {
	h := passwordHash{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltSize)}
	rand.Read(h.salt) // never fails
	return h
}

const phcForm = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

var phcBase64 = base64.RawStdEncoding.Strict()

// String is the PHC string form.
func (h passwordHash) String() string {
	return fmt.Sprintf(phcForm, argon2.Version, h.memory, h.time, h.threads) +
		phcBase64.EncodeToString(h.salt) + "$" + phcBase64.EncodeToString(h.key)
}

// parsePasswordHash reads the PHC string form. The text is in no error.
func parsePasswordHash(text string) (h passwordHash, err error) {
	damaged := errors.New("a stored password hash is damaged or of a kind this program does not know; set a new password")
	fields := strings.Split(text, "$")
	if len(fields) != 6 {
		return h, damaged
	}
	var version int
	head := strings.Join(fields[:4], "$") + "$"
	if _, err := fmt.Sscanf(head, phcForm, &version, &h.memory, &h.time, &h.threads); err != nil {
		return h, damaged
	}
	salt, saltErr := phcBase64.DecodeString(fields[4])
	key, keyErr := phcBase64.DecodeString(fields[5])
	h.salt, h.key = salt, key
	if saltErr != nil || keyErr != nil || len(key) != hashSize || version != argon2.Version ||
		h.time < 1 || h.threads < 1 || h.memory > maxHashMemory {
		return h, damaged
	}
	return h, nil
}
