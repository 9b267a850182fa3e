// Package filtertext is the one text form of filters and orders for people, at
// the command line, in a browser and over HTTP:
//
//	definition = "Invoice" and Amount > 100 and Customer contains "acme"
//
// Parse reads it, with the names of a module's definitions, sections and fields
// in place of their ids; its errors say where in the text they are and what was
// expected there. Format writes it, so that Parse gives the same filter again.
// ParseOrder and FormatOrder do the same for an order such as
// "Amount desc, name". docs/filters.md describes the language.
package filtertext
