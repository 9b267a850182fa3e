package dommanager

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
)

// validator says what is wrong with the text of a value, "" for nothing.
type validator func(text string) string

// checkValidators says what is wrong with validators that are to be saved, nil
// when nothing is.
func checkValidators(validators []dom.FieldValidator) error {
	for i, v := range validators {
		if _, err := newValidator(v); err != nil {
			return fmt.Errorf("validator %d: %w", i+1, err)
		}
	}
	return nil
}

// validatorsOf prepares the validators of a stored field. One that cannot be
// used, saved before this was checked, refuses every value and says why.
func validatorsOf(fd *dom.FieldDescriptor) []validator {
	list := make([]validator, len(fd.Validators))
	for i, v := range fd.Validators {
		validate, err := newValidator(v)
		if err != nil {
			validate = func(string) string { return err.Error() }
		}
		list[i] = validate
	}
	return list
}

// invalid says what the validators of a field find wrong with a value, of a list
// with its items; "" for nothing. What is no string is validated as the text it
// has in names. A value of another type than the field's is refused elsewhere.
func (m *model) invalid(fd *dom.FieldDescriptor, v dom.Value) string {
	validators := m.validators[fd]
	if len(validators) == 0 || !fd.FieldType.Accepts(v) {
		return ""
	}
	for _, item := range v.Values() {
		for _, validate := range validators {
			if problem := validate(item.String()); problem != "" {
				return problem
			}
		}
	}
	return ""
}

func newValidator(v dom.FieldValidator) (validator, error) {
	switch v.Kind {
	case dom.ValidatorRegex:
		return newRegexValidator(v)
	case dom.ValidatorEmail:
		return validateEmail, nil
	case dom.ValidatorURI:
		return newURIValidator(v)
	case dom.ValidatorUserName:
		return validateUserName, nil
	}
	return nil, fmt.Errorf("there is no validator of kind %q", v.Kind)
}

// newRegexValidator accepts what has a match of the pattern anywhere; a pattern
// for the whole text begins with ^ and ends with $.
func newRegexValidator(v dom.FieldValidator) (validator, error) {
	pattern := v.Pattern
	if v.IgnoreCase {
		pattern = "(?i)" + pattern
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q is no regular expression: %w", v.Pattern, err)
	}
	return func(text string) string {
		if expression.MatchString(text) {
			return ""
		}
		return fmt.Sprintf("%.64q does not match %q", text, v.Pattern)
	}, nil
}

const (
	// maxEmail and maxEmailLocal are the most bytes of an address and of what
	// stands before its @ (RFC 5321, 4.5.3.1).
	maxEmail      = 254
	maxEmailLocal = 64
)

// validateEmail accepts a bare address as in RFC 5322: name@domain, without a
// display name, angle brackets or comments, within the lengths of RFC 5321. It
// does not ask whether the domain exists.
func validateEmail(text string) string {
	address, err := mail.ParseAddress(text)
	local := strings.LastIndexByte(text, '@')
	if err != nil || address.Name != "" || address.Address != text || len(text) > maxEmail || local > maxEmailLocal {
		return fmt.Sprintf("%.64q is no e-mail address", text)
	}
	return ""
}

// newURIValidator accepts well-formed URIs of a kind. Schemes, where some are
// listed, bind absolute URIs only, and regardless of case.
func newURIValidator(v dom.FieldValidator) (validator, error) {
	switch v.URIKind {
	case dom.URIAny, dom.URIAbsolute, dom.URIRelative, "":
	default:
		return nil, fmt.Errorf("there is no kind of URI %q", v.URIKind)
	}
	accepted := make(map[string]bool, len(v.AcceptedSchemes))
	for _, scheme := range v.AcceptedSchemes {
		if !schemePattern.MatchString(scheme) {
			return nil, fmt.Errorf("%q is no scheme of a URI", scheme)
		}
		accepted[strings.ToLower(scheme)] = true
	}
	return func(text string) string { return validateURI(text, v.URIKind, accepted) }, nil
}

var (
	// schemePattern and malformedURI are RFC 3986, 3.1 and 2; characters
	// beyond ASCII are let through, as RFC 3987 does.
	schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	malformedURI  = regexp.MustCompile("[\\x00-\\x20\\x7f\"<>\\\\^`{|}]|%([^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|[0-9A-Fa-f]?$)|#.*#")
)

func validateURI(text string, kind dom.URIKind, accepted map[string]bool) string {
	u, err := url.Parse(text)
	if err != nil || text == "" || malformedURI.MatchString(text) {
		return fmt.Sprintf("%.64q is no well-formed URI", text)
	}
	switch {
	case kind == dom.URIAbsolute && !u.IsAbs():
		return fmt.Sprintf("%.64q is no absolute URI: it has no scheme", text)
	case kind == dom.URIRelative && u.IsAbs():
		return fmt.Sprintf("%.64q is no relative URI: it has the scheme %q", text, u.Scheme)
	case u.IsAbs() && u.Host == "" && u.Opaque == "" && u.Path == "":
		return fmt.Sprintf("%.64q is no URI: nothing follows the scheme", text)
	case u.IsAbs() && len(accepted) > 0 && !accepted[u.Scheme]:
		return fmt.Sprintf("the scheme %q of %.64q is not accepted", u.Scheme, text)
	}
	return ""
}

const (
	maxUserName = 64
	// reservedInUserNames are the characters the names of users cannot have.
	reservedInUserNames = `/\:;,*?"<>|`
)

// validateUserName accepts what a user can be called: 1 to 64 printable
// characters, the first a letter or a digit, the last no space, and none
// reserved; a domain and a backslash may stand before it, as in HOUSE\ann. It
// does not ask whether the user exists.
func validateUserName(text string) string {
	name := text
	if domain, rest, ok := strings.Cut(text, `\`); ok {
		if !isUserName(domain) {
			return fmt.Sprintf("%.64q is no user name: before the backslash stands no domain", text)
		}
		name = rest
	}
	if !isUserName(name) {
		return fmt.Sprintf("%.64q is no user name", text)
	}
	return ""
}

func isUserName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	return utf8.RuneCountInString(name) <= maxUserName && (unicode.IsLetter(first) || unicode.IsDigit(first)) &&
		!strings.HasSuffix(name, " ") &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(reservedInUserNames, r) })
}
