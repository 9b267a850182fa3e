package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

// ageMagic is what an encrypted file begins with.
const ageMagic = "age-encryption.org/"

// workFactor is how hard it is to try out passphrases, as a power of two: 64 MiB
// of memory and a quarter of a second for each.
const workFactor = 16

// Lock encrypts backups. A nil Lock does not.
type Lock struct {
	recipients []age.Recipient
	passphrase string
}

// RecipientsFile returns a Lock for those whose public keys a file has, one a
// line, as age-keygen prints them; lines that begin with # are not read.
func RecipientsFile(path string) (*Lock, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	recipients, err := age.ParseRecipients(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Lock{recipients: recipients}, nil
}

// PassphraseFile returns a Lock with the first line of a file as passphrase.
func PassphraseFile(path string) (*Lock, error) {
	passphrase, err := readPassphrase(path)
	if err != nil {
		return nil, err
	}
	return &Lock{passphrase: passphrase}, nil
}

func readPassphrase(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%s has no passphrase in its first line", path)
	}
	return line, nil
}

// Encrypt returns a writer that encrypts what goes to w, to be closed at the end,
// and a Key that opens it for as long as the program runs: that of the passphrase,
// or one that is made for this and kept nowhere. So what was written can be read
// again at once by those who could not open it later.
func (l *Lock) Encrypt(w io.Writer) (io.WriteCloser, *Key, error) {
	if l == nil {
		return plain{w}, nil, nil
	}
	if l.passphrase != "" {
		recipient, err := age.NewScryptRecipient(l.passphrase)
		if err != nil {
			return nil, nil, err
		}
		recipient.SetWorkFactor(workFactor)
		encrypted, err := age.Encrypt(w, recipient)
		return encrypted, &Key{passphrase: l.passphrase}, err
	}
	own, identity, err := ownRecipient(l.recipients)
	if err != nil {
		return nil, nil, err
	}
	encrypted, err := age.Encrypt(w, append([]age.Recipient{own}, l.recipients...)...)
	return encrypted, &Key{identities: []age.Identity{identity}}, err
}

// ownRecipient makes a key of the kind the others have, for age does not mix those
// that withstand quantum computers with others.
func ownRecipient(others []age.Recipient) (age.Recipient, age.Identity, error) {
	if _, ok := others[0].(*age.HybridRecipient); ok {
		identity, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, nil, err
		}
		return identity.Recipient(), identity, nil
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, nil, err
	}
	return identity.Recipient(), identity, nil
}

// plain is a writer that does not encrypt.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// Key opens encrypted backups.
type Key struct {
	identities []age.Identity
	passphrase string
}

// IdentityFile returns the Key of a file with secret keys, as age-keygen makes it.
func IdentityFile(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Key{identities: identities}, nil
}

// PassphraseKey returns the Key of a file with a passphrase.
func PassphraseKey(path string) (*Key, error) {
	passphrase, err := readPassphrase(path)
	if err != nil {
		return nil, err
	}
	return &Key{passphrase: passphrase}, nil
}

// Open reads the header of a backup that may be encrypted; key is nil where there
// is none.
func Open(r io.Reader, key *Key) (*Reader, error) {
	buffered := bufio.NewReader(r)
	begin, err := buffered.Peek(len(ageMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(begin) != ageMagic {
		return NewReader(buffered)
	}
	if key == nil {
		return nil, ErrEncrypted
	}
	identities := key.identities
	if key.passphrase != "" {
		identity, err := age.NewScryptIdentity(key.passphrase)
		if err != nil {
			return nil, err
		}
		identities = []age.Identity{identity}
	}
	decrypted, err := age.Decrypt(buffered, identities...)
	var wrong *age.NoIdentityMatchError
	switch {
	case errors.As(err, &wrong):
		return nil, ErrWrongKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return NewReader(decrypted)
}
