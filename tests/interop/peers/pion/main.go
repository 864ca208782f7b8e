// Pion as a remote peer: commands on standard input, events on standard output.
// The protocol is described in tests/interop/harness/wire.py.
//
// Its peculiarities: it takes messages of at most 65,536 bytes and says so in its description;
// it sends an end-of-candidates as a nil candidate only.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/pion/webrtc/v4"
)

const highWater = 1 << 20

type fields map[string]any

type options struct {
	Ordered           *bool   `json:"ordered"`
	MaxPacketLifeTime *uint16 `json:"maxPacketLifeTime"`
	MaxRetransmits    *uint16 `json:"maxRetransmits"`
	Protocol          *string `json:"protocol"`
	Negotiated        *bool   `json:"negotiated"`
	ID                *uint16 `json:"id"`
}

type command struct {
	ID        int                      `json:"id"`
	Cmd       string                   `json:"cmd"`
	PC        string                   `json:"pc"`
	Channel   string                   `json:"channel"`
	Label     string                   `json:"label"`
	Options   options                  `json:"options"`
	Type      string                   `json:"type"`
	SDP       string                   `json:"sdp"`
	Candidate *webrtc.ICECandidateInit `json:"candidate"`
	Text      *string                  `json:"text"`
	Kind      string                   `json:"kind"`
	Seed      uint32                   `json:"seed"`
	Size      int                      `json:"size"`
	Count     int                      `json:"count"`
	AnyOrder  bool                     `json:"anyOrder"`
	On        bool                     `json:"on"`
}

type verification struct {
	command
	seen  map[int]bool
	bytes int
}

type channel struct {
	*webrtc.DataChannel
	mu           sync.Mutex
	echo         bool
	verification *verification
	low          chan struct{}
	gone         chan struct{}
}

type connection struct {
	*webrtc.PeerConnection
	mu        sync.Mutex
	channels  map[string]*channel
	announced int
	restart   bool
}

var (
	output      sync.Mutex
	registry    sync.Mutex
	connections = map[string]*connection{}
)

func emit(line fields) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(text, '\n'))
}

func find(pc string) (*connection, error) {
	registry.Lock()
	defer registry.Unlock()
	if found, ok := connections[pc]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("no connection %q", pc)
}

func (c *connection) find(name string) (*channel, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.channels[name]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("no channel %q", name)
}

func (c *connection) adopt(pc, name string, made *webrtc.DataChannel) {
	held := &channel{DataChannel: made, low: make(chan struct{}, 1), gone: make(chan struct{})}
	c.mu.Lock()
	c.channels[name] = held
	c.mu.Unlock()
	tell := func(event string, more fields) {
		more["event"], more["pc"], more["channel"] = event, pc, name
		emit(more)
	}
	var closed sync.Once
	made.OnOpen(func() { tell("open", fields{"id": made.ID()}) })
	made.OnClose(func() {
		closed.Do(func() {
			close(held.gone)
			tell("closed", fields{})
		})
	})
	made.OnError(func(err error) { tell("log", fields{"text": err.Error()}) })
	made.SetBufferedAmountLowThreshold(highWater / 4)
	made.OnBufferedAmountLow(func() {
		select {
		case held.low <- struct{}{}:
		default:
		}
	})
	made.OnMessage(func(got webrtc.DataChannelMessage) { held.take(got, tell) })
}

func (h *channel) take(got webrtc.DataChannelMessage, tell func(string, fields)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kind := "binary"
	if got.IsString {
		kind = "text"
	}
	switch {
	case h.echo && got.IsString:
		_ = h.SendText(string(got.Data))
	case h.echo:
		_ = h.Send(got.Data)
	case h.verification != nil:
		h.verify(kind, got, tell)
	default:
		digest := sha256.Sum256(got.Data)
		line := fields{"kind": kind, "size": len(got.Data), "sha256": hex.EncodeToString(digest[:])}
		if got.IsString && len(got.Data) <= 200 {
			line["text"] = string(got.Data)
		}
		tell("message", line)
	}
}

func (h *channel) verify(kind string, got webrtc.DataChannelMessage, tell func(string, fields)) {
	v := h.verification
	index := len(v.seen)
	if v.AnyOrder {
		index = indexOf(got.IsString, got.Data)
	}
	if v.seen[index] || index >= v.Count {
		tell("mismatch", fields{"reason": fmt.Sprintf("message %d of %d is one too many", index, v.Count)})
		return
	}
	if kind != v.Kind || !bytes.Equal(got.Data, message(got.IsString, v.Seed, uint32(index), v.Size)) {
		tell("mismatch", fields{"reason": fmt.Sprintf("message %d differs: %s of %d", index, kind, len(got.Data))})
		return
	}
	v.seen[index] = true
	v.bytes += len(got.Data)
	if len(v.seen) == v.Count {
		h.verification = nil
		tell("verified", fields{"count": v.Count, "bytes": v.bytes})
	}
}

func (h *channel) series(c command) error {
	if c.Text != nil {
		return h.SendText(*c.Text)
	}
	for index := range max(c.Count, 1) {
		data := message(c.Kind == "text", c.Seed, uint32(index), c.Size)
		var err error
		if c.Kind == "text" {
			err = h.SendText(string(data))
		} else {
			err = h.Send(data)
		}
		if err != nil {
			return err
		}
		for h.BufferedAmount() > highWater {
			select {
			case <-h.low:
			case <-h.gone:
				return fmt.Errorf("the channel was closed while sending")
			}
		}
	}
	return nil
}

func create(pc string) error {
	peer, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	made := &connection{PeerConnection: peer, channels: map[string]*channel{}}
	registry.Lock()
	connections[pc] = made
	registry.Unlock()
	state := func(event string, value fmt.Stringer) {
		emit(fields{"event": event, "pc": pc, "state": value.String()})
	}
	peer.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { state("connectionState", s) })
	peer.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) { state("iceConnectionState", s) })
	peer.OnICEGatheringStateChange(func(s webrtc.ICEGatheringState) { state("iceGatheringState", s) })
	peer.OnSignalingStateChange(func(s webrtc.SignalingState) { state("signalingState", s) })
	peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		line := fields{"event": "candidate", "pc": pc, "candidate": nil}
		if candidate != nil {
			line["candidate"] = candidate.ToJSON()
		}
		emit(line)
	})
	peer.OnDataChannel(func(channel *webrtc.DataChannel) {
		made.mu.Lock()
		made.announced++
		name := fmt.Sprintf("remote-%d", made.announced)
		made.mu.Unlock()
		emit(fields{
			"event": "datachannel", "pc": pc, "channel": name,
			"label": channel.Label(), "protocol": channel.Protocol(), "ordered": channel.Ordered(),
			"maxRetransmits":    channel.MaxRetransmits(),
			"maxPacketLifeTime": channel.MaxPacketLifeTime(), "id": channel.ID(),
		})
		made.adopt(pc, name, channel)
	})
	return nil
}

func (c *connection) describe(kind string) (fields, error) {
	var description webrtc.SessionDescription
	var err error
	if kind == "offer" {
		description, err = c.CreateOffer(&webrtc.OfferOptions{ICERestart: c.restart})
		c.restart = false
	} else {
		description, err = c.CreateAnswer(nil)
	}
	if err == nil {
		err = c.SetLocalDescription(description)
	}
	return fields{"type": kind, "sdp": description.SDP}, err
}

func run(c command) (fields, error) {
	if c.Cmd == "create" {
		return nil, create(c.PC)
	}
	held, err := find(c.PC)
	if err != nil {
		return nil, err
	}
	switch c.Cmd {
	case "offer", "answer":
		return held.describe(c.Cmd)
	case "remote":
		kind := webrtc.NewSDPType(c.Type)
		return nil, held.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: c.SDP})
	case "candidate":
		if c.Candidate == nil {
			return nil, held.AddICECandidate(webrtc.ICECandidateInit{})
		}
		return nil, held.AddICECandidate(*c.Candidate)
	case "restartIce":
		held.restart = true
		return nil, nil
	case "createDataChannel":
		made, err := held.CreateDataChannel(c.Label, &webrtc.DataChannelInit{
			Ordered: c.Options.Ordered, MaxPacketLifeTime: c.Options.MaxPacketLifeTime,
			MaxRetransmits: c.Options.MaxRetransmits, Protocol: c.Options.Protocol,
			Negotiated: c.Options.Negotiated, ID: c.Options.ID,
		})
		if err == nil {
			held.adopt(c.PC, c.Channel, made)
		}
		return nil, err
	case "stats":
		types := map[string]bool{}
		for _, entry := range held.GetStats() {
			types[fmt.Sprintf("%T", entry)] = true
		}
		return fields{"types": types}, nil
	case "close":
		registry.Lock()
		delete(connections, c.PC)
		registry.Unlock()
		return nil, held.Close()
	}
	target, err := held.find(c.Channel)
	if err != nil {
		return nil, err
	}
	switch c.Cmd {
	case "send":
		return nil, target.series(c)
	case "closeChannel":
		return nil, target.Close()
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	switch c.Cmd {
	case "verify":
		target.verification = &verification{command: c, seen: map[int]bool{}}
	case "echo":
		target.echo = c.On
	default:
		return nil, fmt.Errorf("cannot %s", c.Cmd)
	}
	return nil, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		go func() {
			result, err := run(c)
			reply := fields{"id": c.ID, "ok": true}
			if err != nil {
				reply = fields{"id": c.ID, "error": err.Error()}
			}
			for key, value := range result {
				reply[key] = value
			}
			emit(reply)
		}()
	}
}
