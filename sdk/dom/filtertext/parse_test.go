package filtertext_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
	"domovoi.dev/sdk/slnet"
)

var inf = math.Inf(1)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestParse(t *testing.T) {
	is := dom.InstanceExposers
	a, b, c := value(customer).Equal("a"), value(customer).Equal("b"), value(customer).Equal("c")
	for _, test := range []struct {
		text string
		want dom.Filter
		// printed is what Format makes of it, "" for text itself.
		printed string
	}{
		{`definition = "Invoice" and Amount > 100 and Customer contains "acme"`,
			dom.And(is.DomDefinitionID.Equal(invoice.ID), value(amount).GreaterThan(100.0), value(customer).Contains("acme")), ""},

		// What is combined how.
		{`true`, dom.True(), ""},
		{`FALSE`, dom.False(), `false`},
		{`and()`, dom.And(), ""},
		{`or( )`, dom.Or(), `or()`},
		{`and(Customer = "a")`, dom.And(a), ""},
		{`or(true)`, dom.Or(dom.True()), ""},
		{`or(Customer = "a", true, false)`, dom.Or(a, dom.True(), dom.False()), `Customer = "a" or true or false`},
		{`((Customer = "a"))`, a, `Customer = "a"`},
		{`Customer = "a" and true or Customer = "b"`, dom.Or(dom.And(a, dom.True()), b), ""},
		{`Customer = "a" and (true or Customer = "b")`, dom.And(a, dom.Or(dom.True(), b)), ""},
		{`(Customer = "a" and Customer = "b") and Customer = "c"`, dom.And(dom.And(a, b), c), ""},
		{`(true or false) or true`, dom.Or(dom.Or(dom.True(), dom.False()), dom.True()), ""},
		{`not Customer = "a" and true`, dom.And(dom.Not(a), dom.True()), ""},
		{`not (Customer = "a" and true)`, dom.Not(dom.And(a, dom.True())), ""},
		{`not not true`, dom.Not(dom.Not(dom.True())), ""},
		{"Customer = \"a\"\n\tAND\r\nNOT true", dom.And(a, dom.Not(dom.True())), `Customer = "a" and not true`},

		// Comparers.
		{`Customer = "a"`, a, ""},
		{`Customer is "a"`, a, `Customer = "a"`},
		{`Customer is not "a"`, value(customer).NotEqual("a"), `Customer != "a"`},
		{`Customer not contains "a"`, value(customer).NotContains("a"), ""},
		{`Customer matches "^a"`, value(customer).Regex("^a"), ""},
		{`Customer not matches '\d+'`, value(customer).NotRegex(`\d+`), ""},
		{`Customer = "a" ordinal`, a.Ordinal(), ""},
		{`Count>=1 and Count<=2 and Count<3 and Count!=4`, dom.And(value(count).GreaterThanOrEqual(1), value(count).LessThanOrEqual(2),
			value(count).LessThan(3), value(count).NotEqual(4)), `Count >= 1 and Count <= 2 and Count < 3 and Count != 4`},
		{`Customer in ("a", "b")`, dom.Or(a, b), ""},
		{`Customer = "a" or Customer = "b"`, dom.Or(a, b), `Customer in ("a", "b")`},
		{`Customer in ("a")`, dom.Or(a), ""},
		{`Customer not in ("a", "b") ordinal`, dom.Not(dom.Or(a.Ordinal(), b.Ordinal())), ""},
		{`not Customer not in ("a")`, dom.Not(dom.Not(dom.Or(a))), ""},

		// Fields and properties.
		{`exists Customer`, exists(customer).Equal(true), ""},
		{`exists(Customer)`, exists(customer).Equal(true), `exists Customer`},
		{`not exists Customer`, exists(customer).Equal(false), ""},
		{`exists Customer and not exists Amount`, dom.And(exists(customer).Equal(true), exists(amount).Equal(false)), ""},
		{`not exists Customer = true`, dom.Not(exists(customer).Equal(true)), ""},
		{`not not exists Customer`, dom.Not(exists(customer).Equal(false)), `not exists Customer = false`},
		{`exists Customer != true`, exists(customer).NotEqual(true), ""},
		{`exists Status`, exists(status).Equal(true), "exists `Status`"},
		{`customer = "a"`, a, `Customer = "a"`},
		{"`Due date` > now", value(dueDate).GreaterThan(at("2024-06-15T13:30:00Z")), "`Due date` > 2024-06-15T13:30:00Z"},
		{"`invoice info`.Customer = \"a\"", a, `Customer = "a"`},
		{`Delivery.Weight = 1`, value(weight).Equal(1.0), ""},
		{`parcel.weight = 1`, value(weight2).Equal(1), `Parcel.Weight = 1`},
		{`status = "a"`, is.StatusID.Equal("a"), ""},
		{"`Status` = \"a\"", value(status).Equal("a"), ""},
		{`Delivery.Status = "a"`, value(status).Equal("a"), "`Status` = \"a\""},
		{"`in` in (\"in\")", dom.Or(value(inField).Equal("in")), ""},
		{"`Back``tick` = 'it''s'", value(tick).Equal("it's"), "`Back``tick` = \"it's\""},
		{`field(00000000-0000-0000-0000-000000000001) = "a"`, a, `Customer = "a"`},
		{`field(00000000-0000-0000-0000-0000000000ff) = "a"`, is.FieldValue(dom.FieldDescriptorID{15: 255}).Equal("a"), ""},
		{`id = 00000000-0000-0000-0000-0000000000ff`, is.ID.Equal(dom.InstanceID{15: 255}), ""},
		{`ID = "00000000-0000-0000-0000-0000000000ff"`, is.ID.Equal("00000000-0000-0000-0000-0000000000ff"), `id = "00000000-0000-0000-0000-0000000000ff"`},
		{`name = "a" and section != 00000000-0000-0000-0000-000000000000`, dom.And(is.Name.Equal("a"), is.SectionIDs.NotEqual(dom.SectionID{})), ""},
		{`sectiondefinition contains "invoice info"`, is.SectionDefinitionIDs.Contains(info.ID), `sectiondefinition contains "Invoice info"`},
		{`definition in ("Invoice", "Purchase order")`, dom.Or(is.DomDefinitionID.Equal(invoice.ID), is.DomDefinitionID.Equal(order.ID)), ""},
		{`definition = 00000000-0000-0000-0000-000000000021`, is.DomDefinitionID.Equal(twin1.ID), ""},
		{`definition = 00000000-0000-0000-0000-00000000001f`, is.DomDefinitionID.Equal(invoice.ID), `definition = "Invoice"`},
		{`createdby = "ann" and modifiedby = "ben"`, dom.And(is.CreatedBy.Equal("ann"), is.LastModifiedBy.Equal("ben")), ""},

		// Values.
		{`Amount = -1.5`, value(amount).Equal(-1.5), ""},
		{`Amount = 1e3`, value(amount).Equal(1000.0), `Amount = 1000`},
		{`Amount = long(100)`, value(amount).Equal(100), ""},
		{`Amount = 9007199254740993`, value(amount).Equal(9007199254740993), ""},
		{`Amount < double(Infinity)`, value(amount).LessThan(inf), ""},
		{`Count = 2.0`, value(count).Equal(2.0), ""},
		{`Count = int(2)`, value(count).Equal(int32(2)), ""},
		{`Count = -9223372036854775808`, value(count).Equal(-1 << 63), ""},
		{`Paid = true or Paid != FALSE`, dom.Or(value(paid).Equal(true), value(paid).NotEqual(false)), `Paid = true or Paid != false`},
		{`Priority = "High" or Priority >= "low"`, dom.Or(value(priority).Equal(int32(3)), value(priority).GreaterThanOrEqual(int32(1))), `Priority = "High" or Priority >= "Low"`},
		{`Priority = 2`, value(priority).Equal(int32(2)), ""},
		{`Colour contains "Dark red"`, value(colour).Contains("dr"), ""},
		{`Colour contains "r"`, value(colour).Contains("r"), ""},
		{`Colour = "b"`, value(colour).Equal("b"), `Colour = "Blue"`},
		{`Colour = string("Blue")`, value(colour).Equal("Blue"), ""},
		{`Colour matches "Blue"`, value(colour).Regex("Blue"), ""},
		{`Effort > 1h30m`, value(effort).GreaterThan(90 * time.Minute), `Effort > 01:30:00`},
		{`Effort > 1d12h`, value(effort).GreaterThan(36 * time.Hour), `Effort > 1.12:00:00`},
		{`Effort = -2.03:04:05.0600000`, value(effort).Equal(-(51*time.Hour + 4*time.Minute + 5*time.Second + 60*time.Millisecond)), ""},
		{`Effort = 1.5h`, value(effort).Equal(90 * time.Minute), `Effort = 01:30:00`},
		{`Effort = -7d`, value(effort).Equal(-7 * 24 * time.Hour), `Effort = -7.00:00:00`},
		{`created >= 2024-05-01`, is.CreatedAt.GreaterThanOrEqual(at("2024-04-30T22:00:00Z")), `created >= 2024-04-30T22:00:00Z`},
		{`created >= 2024-01-01T08:15`, is.CreatedAt.GreaterThanOrEqual(at("2024-01-01T07:15:00Z")), `created >= 2024-01-01T07:15:00Z`},
		{`modified < 2024-05-01T10:00:00.5+02:00`, is.LastModified.LessThan(at("2024-05-01T08:00:00.5Z")), `modified < 2024-05-01T08:00:00.5Z`},
		{`modified < 2024-05-01t10:00z`, is.LastModified.LessThan(at("2024-05-01T10:00:00Z")), `modified < 2024-05-01T10:00:00Z`},
		{`created > now-90m`, is.CreatedAt.GreaterThan(at("2024-06-15T12:00:00Z")), `created > 2024-06-15T12:00:00Z`},
		{`created > today`, is.CreatedAt.GreaterThan(at("2024-06-14T22:00:00Z")), `created > 2024-06-14T22:00:00Z`},
		{`created > TODAY-100d`, is.CreatedAt.GreaterThan(at("2024-03-06T23:00:00Z")), `created > 2024-03-06T23:00:00Z`},
		{`created > today+1d12h`, is.CreatedAt.GreaterThan(at("2024-06-16T10:00:00Z")), `created > 2024-06-16T10:00:00Z`},
		{`Parent = 6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e`, value(parent).Equal(uuid.MustParse("6c5d2f0e-8f5b-4b0c-9d4e-0f5a1b2c3d4e")), ""},
		{`Customer = "say \"hi\"\n\u{1F600}\\"`, value(customer).Equal("say \"hi\"\n😀\\"), `Customer = "say \"hi\"\n😀\\"`},
		{`Customer = 'a\b"c'`, value(customer).Equal(`a\b"c`), ""},
		{`Customer = "\u{200b}"`, value(customer).Equal("\u200b"), ""},
		{`Tags contains "true"`, value(tags).Contains("true"), ""},
		{`field(00000000-0000-0000-0000-0000000000ff) = [int(1), int(2)]`, is.FieldValue(dom.FieldDescriptorID{15: 255}).Equal([]int32{1, 2}), ""},
		{`field(00000000-0000-0000-0000-0000000000ff) = []`, is.FieldValue(dom.FieldDescriptorID{15: 255}).Equal([]string{}), ""},
	} {
		names := house(t)
		got, err := filtertext.Parse(test.text, names)
		if err != nil {
			t.Errorf("Parse(%s): %v", test.text, err)
			continue
		}
		if d := diff(got, test.want); d != "" {
			t.Errorf("Parse(%s):\n%s", test.text, d)
		}
		if test.printed == "" {
			test.printed = test.text
		}
		if printed := filtertext.Format(got, names); printed != test.printed {
			t.Errorf("Format(%s) = %s\nwant %s", test.text, printed, test.printed)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		// The place of the error is after the mark |.
		marked string
		want   string
	}{
		{`|`, `expected a filter, found nothing; true selects everything`},
		{`definition = "Invoice" and |Amont > 100`, `there is no property or field Amont; did you mean Amount?`},
		{`|invoce.Amount > 1`, `there is no field invoce.Amount; did you mean ` + "`Invoice info`.Amount?" + ``},
		{`|xyzzy = 1`, "there is no property or field xyzzy; there are names such as Amount, "},
		{`|Weight > 1`, `several fields are called Weight; write Delivery.Weight or Parcel.Weight`},
		{`definition = |"Twin"`, `several definitions are called "Twin"; give the value of one without quotes: 00000000-0000-0000-0000-000000000021, 00000000-0000-0000-0000-000000000022`},
		{`definition = |"Invoise"`, `"Invoise" is none of the definitions; did you mean Invoice?`},
		{`sectiondefinition = |"x"`, `"x" is none of the section definitions; the section definitions are Delivery, Invoice info, Parcel`},
		{`Priority = |"Hihg"`, `"Hihg" is none of the entries; did you mean High?`},
		{`Colour in ("Blue", |"Bleu")`, `"Bleu" is none of the entries; did you mean Blue?`},
		{`Amount > |"100"`, `Amount holds numbers; expected 100 or 1.5, without quotes`},
		{`Amount > |true`, `Amount holds numbers; expected 100 or 1.5, found true or false`},
		{`Customer = |100`, `Customer holds texts, which stand in quotes; found a number`},
		{`Customer = |acme`, `expected a value, found acme; a text stands in quotes: "acme"`},
		{`id = |"x"`, `id holds Guids, and "x" is none: expected one such as ffffffff-ffff-ffff-ffff-ffffffffffff`},
		{`created > |"2024-05-01"`, `created holds times; expected 2024-05-01 or 2024-05-01T15:04:05Z, without quotes`},
		{`created > |1h`, `created holds times; expected 2024-05-01 or 2024-05-01T15:04:05Z, found a length of time`},
		{`created > |2024-13-01`, `2024-13-01 is no time: expected `},
		{`created > |2024-05-01T00:00:00.00000001Z`, `is finer than the 100 ns that times are kept in`},
		{`created > |now-x`, `now-x is no time: expected a length of time such as 7d, 1d12h or 90m after now-`},
		{`created > |0000-01-01`, `is not between the years 1 and 9999`},
		{`Effort > |1h30`, `1h30 is no value: a length of time is written like `},
		{`Effort > |25:00:00`, `"25:00:00" is no TimeSpan`},
		{`Effort > |10675200d`, `10675200d is no value`},
		{`Count = |1e999`, `1e999 is no number, or too large for one`},
		{`Count = |1-2`, `1-2 is no number`},
		{`Count = |int(3000000000)`, `"3000000000" is no Int`},
		{`Count = |number(3)`, `only string, int, long and double stand before a parenthesis`},
		{`Colour = string(|3)`, `expected a text in quotes`},
		{`Customer matches |"["`, "error parsing regexp: missing closing ]"},
		{`Customer matches |1`, `expected a regular expression in quotes after matches, found a number`},
		{`Amount matches |"1"`, `Amount holds numbers; only texts match a regular expression`},
		{`exists Customer = |1`, `exists Customer holds true or false; expected true or false, found a number`},
		{`Customer |== "a"`, `expected one =; to compare texts by case too, write ordinal after the value`},
		{`Customer |like "a"`, `expected =, !=, >, >=, <, <=, contains, matches, in, is, or not before one of these words, found like`},
		{`Customer|`, `expected =, !=, >, >=, <, <=, contains, matches, in, is, or not before one of these words, found the end of the text`},
		{`Customer not |= "a"`, `expected contains, matches or in after not, found =`},
		{`Customer = |`, `expected a value, such as "a text", 100, true, 2024-05-01 or 1h30m, found the end of the text`},
		{`Customer = |"a`, `this " has no end`},
		{"|`Customer = 1", "this ` has no end"},
		{`Customer = "a|\d"`, `a backslash in double quotes begins `},
		{`Customer = "a|\u{d800}"`, `a backslash in double quotes begins `},
		{`Customer in |"a"`, `expected (, found "`},
		{`Customer in (|)`, `expected at least one value; false selects nothing`},
		{`Customer in ("a" |"b")`, `expected , or ), found "`},
		{`Customer in (|["a"])`, `expected a single value, found a list`},
		{`Customer = |["a"]`, `Customer holds texts, which stand in quotes; found a list`},
		{`field(00000000-0000-0000-0000-0000000000ff) = |[1, "a"]`, `item 2 of the list is string, the ones before are long`},
		{`(true|`, `expected ), found the end of the text`},
		{`true |)`, `expected and, or, or the end of the text, found )`},
		{`true |true`, `expected and, or, or the end of the text, found true`},
		{`and(true |true)`, `expected and, or, a comma or ), found true`},
		{`and |true`, `expected (, found true`},
		{`true and |in = 1`, "expected a property or a field, found the word in; if a field is called that, write `in`"},
		{`|"Due date" = now`, "expected a property or a field, found a text; quotes are for values, a field's name stands in `backquotes`"},
		{`|100 = 100`, `expected a property or a field, found 100`},
		{`field(|17) = 1`, `expected the id of a field, such as 00000000-0000-0000-0000-000000000001`},
		{`exists |name`, `there is no field name; the names are `},
		{"true and\n\tCustomer\n  = |1", `Customer holds texts`},
		{"Customer = \"ä\" and |\xff", `the text is not valid UTF-8 here`},
		{strings.Repeat("(", 1001) + "|(", `nested deeper than 1000 levels`},
		{strings.Repeat("not ", 1001) + "|true", `nested deeper than 1000 levels`},
		{"|" + strings.Repeat("(", 1000) + "true and true" + strings.Repeat(")", 1000), ``},
	} {
		before, after, _ := strings.Cut(test.marked, "|")
		_, err := filtertext.Parse(before+after, house(t))
		if test.want == "" && err == nil {
			continue
		}
		var e *filtertext.Error
		if !errors.As(err, &e) || !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("Parse(%q) gives %v, want an invalid *filtertext.Error", before+after, err)
			continue
		}
		if e.Position.Offset != len(before) || !strings.Contains(e.Message, test.want) || e.Text != before+after {
			t.Errorf("Parse(%.80q) says\n  %s\nat %d, want\n  %s\nat %d", before+after, e.Message, e.Position.Offset, test.want, len(before))
		}
	}
}

func TestNoClock(t *testing.T) {
	names := house(t)
	names.Now, names.Location = nil, nil
	if _, err := filtertext.Parse(`created > now`, names); err == nil || !strings.Contains(err.Error(), "no clock") {
		t.Errorf("now without a clock gives %v", err)
	}
	got, err := filtertext.Parse(`created > 2024-05-01`, names)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(got, dom.InstanceExposers.CreatedAt.GreaterThan(at("2024-05-01T00:00:00Z"))); d != "" {
		t.Error(d)
	}
}

// TestZeroNames parses without knowing a module: base properties and ids.
func TestZeroNames(t *testing.T) {
	for _, text := range []string{
		`name = "a" and definition = 00000000-0000-0000-0000-00000000001f`,
		`field(00000000-0000-0000-0000-000000000002) > 100`,
		`not exists field(00000000-0000-0000-0000-000000000002)`,
	} {
		f, err := filtertext.Parse(text, filtertext.Names{})
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
			continue
		}
		if printed := filtertext.Format(f, filtertext.Names{}); printed != text {
			t.Errorf("Format(%s) = %s", text, printed)
		}
	}
	if _, err := filtertext.Parse(`Amount > 1`, filtertext.Names{}); err == nil {
		t.Error("a field is known that cannot be")
	}
}

func TestCaret(t *testing.T) {
	long := strings.Repeat(`Customer = "ä" and `, 20)
	for _, test := range []struct{ text, want string }{
		{"true and\n\tAmont > 1\nand true", "line 2, column 2: there is no property or field Amont; did you mean Amount?\n Amont > 1\n ^"},
		{"true\x1b[31m true", "line 1, column 5: expected and, or, or the end of the text, found \\x1b\ntrue\ufffd[31m true\n    ^"},
		{long + "Amont > 1 and " + long, "line 1, column 381: there is no property or field Amont; did you mean Amount?\n" +
			"…nd Customer = \"ä\" and Customer = \"ä\" and Customer = \"ä\" and Amont > 1 and Custom…\n" + strings.Repeat(" ", 61) + "^"},
		{"true and", "line 1, column 9: expected a property or a field, found the end of the text\ntrue and\n        ^"},
	} {
		_, err := filtertext.Parse(test.text, house(t))
		var e *filtertext.Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) gives %v", test.text, err)
			continue
		}
		if got := e.Error() + "\n" + e.Caret(); !strings.HasPrefix(got, test.want) {
			t.Errorf("Parse(%q) says\n%s\nwant\n%s", test.text, got, test.want)
		}
	}
	var zero filtertext.Error
	if got := zero.Caret(); got != "\n^" {
		t.Errorf("the zero Error shows %q", got)
	}
}
