package api

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"domovoi.dev/sdk/slnet"
)

// maxLogin bounds the body of a login, which nobody has vouched for.
const maxLogin = 16 << 10

// loginRequest is the body of a login.
type loginRequest struct {
	User, Password string
	// Cookie asks for a cookie instead of a secret, for a page in a browser,
	// which then never gets hold of the secret.
	Cookie bool
}

// login is POST /login: {"User": ..., "Password": ...} in JSON, answered with a
// CreateTokenResponse in JSON. With "Cookie": true the secret is not in the
// answer but in a cookie.
func (e *edge) login(w http.ResponseWriter, r *http.Request, _ *caller) {
	// Or a page of somebody else could log its reader in as whom it likes.
	if err := e.checkOrigin(r); err != nil {
		e.reply(w, r, nil, err)
		return
	}
	body, refused := readBody(w, r, maxLogin, jsonForm)
	if refused != nil {
		e.fail(w, r, refused.status, refused.err)
		return
	}
	var request loginRequest
	if err := slnet.StrictJSON(body, &request); err != nil {
		e.reply(w, r, nil, slnet.Errorf(slnet.KindInvalid, `malformed JSON: want {"User": ..., "Password": ...}: %v`, err))
		return
	}
	response, err := e.logIn(w, r, request)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	var answer any = response
	if request.Cookie {
		e.setCookie(w, r, response)
		answer = struct{ Token slnet.Token }{response.Token}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, b)
}

func (e *edge) logIn(w http.ResponseWriter, r *http.Request, request loginRequest) (slnet.CreateTokenResponse, error) {
	attempt, wait := e.attempts.begin(e.client(r), request.User, time.Now())
	if wait > 0 {
		seconds := setRetryAfter(w, wait)
		return slnet.CreateTokenResponse{}, slnet.Errorf(slnet.KindRateLimited,
			"too many attempts to log in as %.64q, or from your address; try again in %d seconds", request.User, seconds)
	}
	response, err := e.Login(r.Context(), request.User, request.Password, e.address(r), request.Cookie)
	if err == nil {
		e.attempts.succeed(attempt)
	}
	return response, err
}

// setRetryAfter tells a caller how long to wait, in whole seconds.
func setRetryAfter(w http.ResponseWriter, wait time.Duration) (seconds int) {
	seconds = int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return seconds
}

// logout is POST /logout: it ends the login it is sent with, for whoever has its
// token, and takes the cookie back. The body is an empty JSON object.
func (e *edge) logout(w http.ResponseWriter, r *http.Request, c *caller) {
	body, refused := readBody(w, r, maxLogin, jsonForm)
	if refused != nil {
		e.fail(w, r, refused.status, refused.err)
		return
	}
	if err := slnet.StrictJSON(body, new(struct{})); err != nil {
		e.reply(w, r, nil, slnet.Errorf(slnet.KindInvalid, "malformed JSON: want {}: %v", err))
		return
	}
	if err := e.Logout(r.Context(), c.secret); err != nil {
		e.reply(w, r, nil, err)
		return
	}
	if c.cookie {
		e.clearCookie(w, r)
	}
	send(w, http.StatusOK, jsonForm.contentType, statusOK)
}
