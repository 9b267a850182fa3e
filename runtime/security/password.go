package security

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
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

// checkPassword checks a new password. The errors do not contain it.
func checkPassword(user, password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return slnet.Errorf(slnet.KindInvalid, "the password is too short or too long; choose one of %d to %d characters", minPassword, maxPassword)
	}
	if fold(password) == fold(user) {
		return slnet.Errorf(slnet.KindInvalid, "the password is the user name; choose one that nobody guesses")
	}
	if slices.Contains(strings.Fields(commonPasswords), strings.ToLower(password)) {
		return slnet.Errorf(slnet.KindInvalid, "the password is one of the most common ones, which are tried first; choose one that nobody guesses")
	}
	return nil
}

// commonPasswords are those that lists of leaked passwords begin with, as far as
// they are long enough.
const commonPasswords = `
	12345678 123456789 1234567890 0123456789 87654321 987654321 9876543210 12341234 12344321 11111111 111111111
	1111111111 00000000 000000000 0000000000 22222222 55555555 66666666 77777777 88888888 99999999 11223344 1122334455
	11112222 12121212 10203040 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc qazwsxedc zaq12wsx zaq1zaq1
	q1w2e3r4 q1w2e3r4t5 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 qwert123 qwe123qwe asdfghjk
	asdfghjkl asdf1234 zxcvbnm123 zxcvbnm1 1234qwer 123qweasd 123456qwerty abcd1234 abc12345 abcdefgh abcdefg1 a1b2c3d4
	aa123456 a1234567 a12345678 a123456789 password password1 password12 password123 password1234 password! passw0rd
	p@ssw0rd p@ssword pa$$word pass1234 passwort passwort1 changeme changeme1 letmein1 letmein123 welcome1 welcome123
	iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman
	batman123 trustno1 starwars whatever computer internet jennifer michelle michael1 jordan23 charlie1 dragon123
	monkey123 master123 shadow12 killer12 liverpool chocolate butterfly blink182 mustang1 admin123 admin1234
	admin12345 administrator root1234 rootroot adminadmin default1 secret123 test1234 testtest user1234 guest123
	hello123 freedom1 nicholas elephant victoria samantha corvette mercedes midnight maverick`

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

// create checks a new password of a user against the rules and returns its
// hash.
func (p *passwords) create(ctx context.Context, user, password string) (string, error) {
	if err := checkPassword(user, password); err != nil {
		return "", err
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
