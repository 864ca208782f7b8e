class WebRTCDevice {
  constructor(deviceURL) {
    this.deviceURL = deviceURL; // e.g., "https://scripto-2b88.local"
    this.pc = null;
    this.dataChannel = null;
  }
  
  async connect() {
    // Create peer connection (LAN only, no STUN needed)
    this.pc = new RTCPeerConnection({
      iceServers: [] // LAN only
      // For internet access, add STUN: [{urls: 'stun:stun.l.google.com:19302'}]
    });
    
    // Create data channel
    this.dataChannel = this.pc.createDataChannel('repl', {
      ordered: true,
      maxRetransmits: 3
    });
    
    this.dataChannel.onopen = () => {
      console.log('DataChannel open!');
      this.onConnected();
    };
    
    this.dataChannel.onmessage = (event) => {
      console.log('Received:', event.data);
      this.onMessage(event.data);
    };
    
    // Gather ICE candidates
    const candidates = [];
    this.pc.onicecandidate = (event) => {
      if (event.candidate) {
        candidates.push(event.candidate.candidate);
      }
    };
    
    // Create offer
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    
    // Wait for ICE gathering to complete
    await new Promise(resolve => {
      if (this.pc.iceGatheringState === 'complete') {
        resolve();
      } else {
        this.pc.onicegatheringstatechange = () => {
          if (this.pc.iceGatheringState === 'complete') {
            resolve();
          }
        };
      }
    });
    
    // Send offer to device via HTTPS signaling
    const response = await fetch(`${this.deviceURL}/webrtc-signal`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({
        type: 'offer',
        sdp: offer.sdp
      })
    });
    
    const data = await response.json();
    
    // Set remote offer (device is controlling, sends us offer)
    await this.pc.setRemoteDescription({
      type: 'offer',
      sdp: data.sdp
    });
    
    // Create answer
    const answer = await this.pc.createAnswer();
    await this.pc.setLocalDescription(answer);
    
    // Send answer back
    await fetch(`${this.deviceURL}/webrtc-signal`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({
        type: 'answer',
        sdp: answer.sdp
      })
    });
    
    console.log('WebRTC connection established!');
  }
  
  send(data) {
    if (this.dataChannel && this.dataChannel.readyState === 'open') {
      this.dataChannel.send(data);
    }
  }
}

// Usage
const device = new WebRTCDevice('https://scripto-2b88.local');
await device.connect();
device.send('Hello from browser!');
