package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"domovoi.dev/sdk/slnet"
)

// customPath is below which the user-defined APIs are.
const customPath = "/api/custom/"

// Bounds of a request to a user-defined API, in bytes, and of the headers of an
// answer.
const (
	maxQuery          = 8 << 10
	maxIdempotencyKey = 255
	maxHeaders        = 100
	maxHeader         = 8 << 10
)

// CustomRequest is what is known of a request to a user-defined API before its
// body is read.
type CustomRequest struct {
	// Secret is that of the token it came with.
	Secret string
	// Address is where it comes from.
	Address string
	Method  string
	// Route is the path below /api/custom/, decoded. For a path that is not in its
	// plain form it is "/", which leads nowhere.
	Route string
}

// CustomCall is a request that may be carried out.
type CustomCall struct {
	// MaxBody is the most bytes its body may have.
	MaxBody int64
	// Stream takes the body while it arrives, and release lets go of it when the
	// request has been answered. Nil means that the body is handed over as a whole.
	// The error of reading it may be in its error.
	Stream func(body io.Reader) (streamed *slnet.StreamedBody, release func(), err error)
	// Answer carries it out. The input has all but RouteValues. The key is that of
	// the header Idempotency-Key, empty without.
	Answer func(ctx context.Context, input *slnet.ApiTriggerInput, key string) (*CustomAnswer, error)
}

// CustomAnswer is what a request is answered with.
type CustomAnswer struct {
	slnet.ApiTriggerOutput
	// Run is the id of the run that made the answer, empty where there is none.
	Run string
	// Kept says that it is the answer to an earlier request with the same key.
	Kept bool
	// File is the content of Attachment, where that is given.
	File *File
}

// CustomError is an error with what HTTP says of it besides.
type CustomError struct {
	Err        *slnet.Error
	RetryAfter time.Duration
	Allow      []string
	// Missing are the parameters of a script that were not given.
	Missing []string
}

func (e *CustomError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *CustomError) Unwrap() error { return e.Err }

// custom answers a request to a user-defined API. It has tokens of its own, and
// errors of its own form. What is wrong with a request is told to nobody without
// a token.
func (e *edge) custom(w http.ResponseWriter, r *http.Request, _ *caller) {
	answer, err := e.answerCustom(w, r)
	if err == nil {
		if answer.File != nil {
			defer answer.File.Close()
		}
		err = e.sendCustom(w, r, answer)
	}
	if err != nil {
		e.failCustom(w, r, err)
	}
}

func (e *edge) answerCustom(w http.ResponseWriter, r *http.Request) (*CustomAnswer, error) {
	secret, err := customSecret(r)
	if err != nil {
		return nil, err
	}
	call, err := e.Custom(r.Context(), CustomRequest{Secret: secret, Address: e.address(r), Method: r.Method, Route: customRoute(r.URL)})
	if err != nil {
		return nil, err
	}
	input := &slnet.ApiTriggerInput{Method: r.Method, Route: customRoute(r.URL), Headers: customHeaders(r.Header)}
	if input.Query, err = customQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	key, err := single(r.Header, "Idempotency-Key")
	if err == nil && (len(key) > maxIdempotencyKey || strings.ContainsFunc(key, notVisible)) {
		err = invalidCustom("the Idempotency-Key has more than %d characters, or some that are not visible ASCII", maxIdempotencyKey)
	}
	if err == nil {
		_, err = single(r.Header, "Content-Type")
	}
	if err != nil {
		return nil, err
	}
	if call.Stream == nil {
		input.Body, err = customBody(w, r, call.MaxBody)
	} else {
		var release func()
		if input.StreamedBody, release, err = streamBody(w, r, call); err == nil {
			defer release()
		}
	}
	if err != nil {
		return nil, err
	}
	return call.Answer(r.Context(), input, key)
}

// customSecret returns the secret of the request's token. It stands in the header
// Authorization and nowhere else: not in the query, which ends up in logs, and not
// in a cookie, which a browser sends for others.
func customSecret(r *http.Request) (string, error) {
	if lines := r.Header["Authorization"]; len(lines) == 1 {
		if secret, err := bearer(lines[0]); err == nil {
			return secret, nil
		}
	}
	return "", slnet.Errorf(slnet.KindUnauthenticated, `the request needs the header "Authorization: Bearer <token>", once, with an API token`).
		WithReason(slnet.ErrApiInvalidAuthentication)
}

// nowhere is the route of a path that is not in its plain form.
const nowhere = "/"

// customRoute is the path below /api/custom/, decoded, or nowhere when a part of it
// could mean something else to a proxy or a file system.
func customRoute(u *url.URL) string {
	route := strings.TrimPrefix(u.Path, customPath)
	if route == "" {
		return ""
	}
	escaped := strings.ToLower(u.EscapedPath())
	if path.Clean(u.Path) != u.Path || strings.Contains(escaped, "%2f") || strings.ContainsFunc(u.Path, unprintable) || !utf8.ValidString(u.Path) {
		return nowhere
	}
	return route
}

func customQuery(raw string) (map[string][]string, error) {
	if len(raw) > maxQuery {
		return nil, slnet.Errorf(slnet.KindTooLarge, "the query has %d bytes; at most %d are allowed", len(raw), maxQuery).WithReason(slnet.ErrApiQueryTooLarge)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalidCustom("the query cannot be read: %v", err)
	}
	return values, nil
}

func invalidCustom(format string, args ...any) error {
	return slnet.Errorf(slnet.KindInvalid, format, args...).WithReason(slnet.ErrApiInvalidRequest)
}

// single returns the value of a header that may be given once.
func single(h http.Header, name string) (string, error) {
	if len(h[name]) > 1 {
		return "", invalidCustom("the header %s is given %d times; one is allowed", name, len(h[name]))
	}
	return h.Get(name), nil
}

// hiddenHeaders are those of a request that scripts do not see: what proves who
// sends it, and what is about the connection.
var hiddenHeaders = []string{
	"Authorization", "Cookie", "Proxy-Authorization",
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func customHeaders(h http.Header) map[string][]string {
	seen := h.Clone()
	for _, line := range list(h["Connection"]) {
		seen.Del(line)
	}
	for _, name := range hiddenHeaders {
		delete(seen, name)
	}
	return seen
}

// customBody reads the body of a request.
func customBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if err := checkEncoding(r); err != nil {
		return nil, err.WithReason(slnet.ErrApiInvalidContentType)
	}
	body, refused := readAll(w, r, limit)
	if refused != nil {
		return nil, bodyRefused(refused)
	}
	return body, nil
}

// streamBody hands the body of a request over while it arrives.
func streamBody(w http.ResponseWriter, r *http.Request, call *CustomCall) (*slnet.StreamedBody, func(), error) {
	if err := checkEncoding(r); err != nil {
		return nil, nil, err.WithReason(slnet.ErrApiInvalidContentType)
	}
	if r.ContentLength > call.MaxBody {
		return nil, nil, bodyRefused(bodyTooLarge(call.MaxBody))
	}
	body := newPacedReader(w, r, call.MaxBody)
	streamed, release, err := call.Stream(body)
	if refused := body.end(r.Context()); refused != nil {
		err = bodyRefused(refused)
	}
	return streamed, release, err
}

func bodyRefused(refused *refusal) error {
	if refused.err.Kind == slnet.KindTooLarge {
		return refused.err.WithReason(slnet.ErrApiBodyTooLarge)
	}
	return refused.err.WithReason(slnet.ErrApiFailedToReadBody)
}

// sendCustom writes the answer of a script. What HTTP does not allow in it is an
// error, and nothing is written.
func (e *edge) sendCustom(w http.ResponseWriter, r *http.Request, answer *CustomAnswer) error {
	status := int(answer.StatusCode)
	if status == 0 {
		status = http.StatusOK
	}
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusResetContent
	switch {
	case status < 200 || status > 599:
		return slnet.Errorf(slnet.KindInternal, "run %s of the script answered with the status code %d; there are 200 to 599", answer.Run, status).
			WithReason(slnet.ErrApiUnknownStatusCode)
	case bodiless && len(answer.Body) > 0:
		return invalidResult(answer, "a body of %d bytes, which an answer with the status code %d cannot have", len(answer.Body), status)
	case bodiless && answer.File != nil:
		return invalidResult(answer, "an attachment, which an answer with the status code %d cannot have", status)
	case answer.File != nil && len(answer.Body) > 0:
		return invalidResult(answer, "both an attachment and a body of %d bytes", len(answer.Body))
	}
	if len(answer.Headers) > maxHeaders {
		return invalidResult(answer, "%d headers; at most %d can be sent", len(answer.Headers), maxHeaders)
	}
	for name, value := range answer.Headers {
		if problem := headerProblem(name, value); problem != "" {
			return invalidResult(answer, "the header %.60q, which %s", name, problem)
		}
	}
	contentType := answer.ContentType
	switch {
	case contentType != "":
	case answer.File != nil:
		contentType = fileType
	default:
		contentType = jsonForm.contentType
	}
	if strings.ContainsFunc(contentType, notText) {
		return invalidResult(answer, "the content type %.60q, which has characters that a header cannot have", contentType)
	}
	header := w.Header()
	for name, value := range answer.Headers {
		header.Set(name, value)
	}
	if answer.Run != "" {
		header.Set(runHeader, answer.Run)
	}
	if answer.Kept {
		header.Set(keptHeader, "true")
	}
	if bodiless {
		w.WriteHeader(status)
		return nil
	}
	if answer.File != nil {
		e.sendFile(w, r, status, contentType, answer.File)
		return nil
	}
	send(w, status, contentType, answer.Body)
	return nil
}

// Headers of an answer that say where it comes from: the id of the run, and
// whether it was given before.
const (
	runHeader  = "Domovoi-Run"
	keptHeader = "Idempotency-Replayed"
)

func invalidResult(answer *CustomAnswer, format string, args ...any) error {
	err := slnet.Errorf(slnet.KindInternal, "run "+answer.Run+" of the script answered with "+format, args...)
	return err.WithReason(slnet.ErrApiInvalidResult)
}

func notText(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f }

// ownHeaders are headers of an answer that a script cannot set: those of the
// connection, those that the daemon sets itself, those by which an answer could
// change what a browser does with other answers of the daemon, and those by which
// pages of other origins could read it.
var ownHeaders = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Connection": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Content-Length": true, "Date": true, "Alt-Svc": true, "Alt-Used": true,
	"Content-Type": true, runHeader: true, keptHeader: true,
	"Set-Cookie": true, "Set-Cookie2": true, "Www-Authenticate": true, "Clear-Site-Data": true, "Service-Worker-Allowed": true,
	"Strict-Transport-Security": true, "Public-Key-Pins": true, "Expect-Ct": true, "Nel": true, "Report-To": true,
	"Reporting-Endpoints": true, "Content-Security-Policy": true, "Content-Security-Policy-Report-Only": true,
	"X-Content-Type-Options": true, "X-Frame-Options": true, "Referrer-Policy": true, "Permissions-Policy": true,
	"Origin-Agent-Cluster": true, "Refresh": true, "Sourcemap": true, "X-Sourcemap": true,
}

// headerProblem says why a script cannot set a header, empty when it can.
func headerProblem(name, value string) string {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case name == "" || strings.ContainsFunc(name, notToken):
		return "is not the name of a header"
	case ownHeaders[canonical], strings.HasPrefix(canonical, "Access-Control-"), strings.HasPrefix(canonical, "Cross-Origin-"), strings.HasPrefix(canonical, "Sec-"):
		return "is not for scripts to set"
	case len(value) > maxHeader:
		return fmt.Sprintf("has a value of more than %d bytes", maxHeader)
	case strings.ContainsFunc(value, notText):
		return "has a value with characters that a header cannot have"
	}
	return ""
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// customCodes are the numbers and statuses of what can go wrong. Below 2000 they
// are those of the original.
var customCodes = map[slnet.Reason]struct {
	code, status int
	title        string
}{
	slnet.ErrApiEmptyRoute:            {1, 400, "The route is empty"},
	slnet.ErrApiInvalidRequestMethod:  {3, 405, "The method is not allowed"},
	slnet.ErrApiDefinitionNotFound:    {5, 404, "There is no such API"},
	slnet.ErrApiUnavailable:           {7, 503, "APIs are not available now"},
	slnet.ErrApiUnexpected:            {8, 500, "Something unexpected happened"},
	slnet.ErrApiBodyToParameters:      {10, 400, "The parameters cannot be used"},
	slnet.ErrApiActionFailed:          {12, 500, "The script failed"},
	slnet.ErrApiInvalidResult:         {13, 500, "The script's answer cannot be sent"},
	slnet.ErrApiScriptNotFound:        {15, 500, "The script cannot be executed"},
	slnet.ErrApiMissingParameters:     {16, 400, "Parameters are missing"},
	slnet.ErrApiUnknownStatusCode:     {1002, 500, "The script's status code does not exist"},
	slnet.ErrApiInvalidContentType:    {1003, 415, "The body has a form that is not understood"},
	slnet.ErrApiFailedToReadBody:      {1007, 400, "The body cannot be read"},
	slnet.ErrApiInvalidAuthentication: {1008, 401, "The Authorization header is not valid"},
	slnet.ErrApiBodyTooLarge:          {1009, 413, "The body is too large"},
	slnet.ErrApiAuthenticationFailed:  {1010, 401, "The token is not accepted"},
	slnet.ErrApiQueryTooLarge:         {1011, 414, "The query is too large"},
	slnet.ErrApiRateLimitExceeded:     {1014, 429, "Too many requests"},
	slnet.ErrApiNoPermission:          {2001, 403, "A right is missing"},
	slnet.ErrApiInvalidRequest:        {2002, 400, "The request cannot be understood"},
	slnet.ErrApiRequestInProgress:     {2003, 409, "The request is being carried out"},
	slnet.ErrApiIdempotencyKeyReused:  {2004, 422, "The Idempotency-Key is another request's"},
	slnet.ErrApiAnswerNotKept:         {2005, 409, "The answer is not kept"},
	slnet.ErrApiTimeout:               {2006, 504, "The time allowed has passed"},
	slnet.ErrApiCanceled:              {2007, 499, "The request was cancelled"},
}

// reasonOf is the reason of an error that has none of its own.
func reasonOf(kind slnet.Kind) slnet.Reason {
	switch kind {
	case slnet.KindUnauthenticated:
		return slnet.ErrApiAuthenticationFailed
	case slnet.KindPermissionDenied:
		return slnet.ErrApiNoPermission
	case slnet.KindNotFound:
		return slnet.ErrApiDefinitionNotFound
	case slnet.KindRateLimited:
		return slnet.ErrApiRateLimitExceeded
	case slnet.KindUnavailable:
		return slnet.ErrApiUnavailable
	case slnet.KindTimeout:
		return slnet.ErrApiTimeout
	case slnet.KindCanceled:
		return slnet.ErrApiCanceled
	case slnet.KindInvalid, slnet.KindConflict, slnet.KindTooLarge, slnet.KindAlreadyExists:
		return slnet.ErrApiInvalidRequest
	}
	return slnet.ErrApiUnexpected
}

// customErrors is the JSON of an error.
type customErrors struct {
	Errors []customError `json:"errors"`
}

type customError struct {
	Title   string   `json:"title"`
	Detail  string   `json:"detail"`
	Code    int      `json:"errorCode"`
	Missing []string `json:"missingScriptParameters,omitempty"`
}

// failCustom answers with an error.
func (e *edge) failCustom(w http.ResponseWriter, r *http.Request, err error) {
	more, ok := err.(*CustomError)
	if !ok {
		more = new(CustomError)
	}
	known, _ := slnet.AsError(err)
	as, listed := customCodes[known.Reason]
	if !listed {
		// Not one of those written for callers of an API.
		known = e.public(r, err)
		as = customCodes[reasonOf(known.Kind)]
	}
	if known.Kind == slnet.KindTimeout && known.Reason == slnet.ErrApiFailedToReadBody {
		as.status = http.StatusRequestTimeout
	}
	if len(more.Allow) > 0 {
		w.Header().Set("Allow", strings.Join(more.Allow, ", "))
	}
	if more.RetryAfter > 0 {
		setRetryAfter(w, more.RetryAfter)
	}
	body, err := json.Marshal(customErrors{[]customError{{as.title, known.Message, as.code, more.Missing}}})
	if err != nil { // it holds nothing that JSON does not have
		panic(err)
	}
	send(w, as.status, jsonForm.contentType, append(body, '\n'))
}
