// How does a push service behave that was not written here? As pushy's MockApnsServer does, and as it is told.
//
// `java -cp 'jars/*' Apns.java CERTIFICATE KEY PUBLIC_KEY KEY_ID TEAM_ID APP [PORT]` writes one JSON object a line of what
// it hears, and reads one line each of what to do: `next WORD…` for the next messages (`ok` when there is none;
// `hang`, `die`, or a RejectionReason), `know TOKEN`, `expire TOKEN`, `anew`, `shut`.

import com.eatthepath.pushy.apns.auth.ApnsVerificationKey;
import com.eatthepath.pushy.apns.server.MockApnsServer;
import com.eatthepath.pushy.apns.server.MockApnsServerBuilder;
import com.eatthepath.pushy.apns.server.MockApnsServerListener;
import com.eatthepath.pushy.apns.server.PushNotificationHandler;
import com.eatthepath.pushy.apns.server.RejectedNotificationException;
import com.eatthepath.pushy.apns.server.RejectionReason;
import com.eatthepath.pushy.apns.server.ValidatingPushNotificationHandlerFactory;
import io.netty.buffer.ByteBuf;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

public class Apns {
  // One that hangs stops its loop, and no other.
  static final int LOOPS = 8;
  static final int NUMBER_BYTES = 32;
  static final Set<String> known = ConcurrentHashMap.newKeySet();
  static final Map<String, Instant> expired = new ConcurrentHashMap<>();
  static final Deque<String> next = new ConcurrentLinkedDeque<>();
  static MockApnsServer server;
  static volatile CountDownLatch freed = new CountDownLatch(1);

  public static void main(String[] args) throws Exception {
    var key = ApnsVerificationKey.loadFromPkcs8File(new File(args[2]), args[4], args[3]);
    var looksAtEach = new ValidatingPushNotificationHandlerFactory(
        Map.of(args[5], known), expired, Map.of(args[3], key), Map.of(key, Set.of(args[5])));
    server = new MockApnsServerBuilder()
        .setServerCredentials(new File(args[0]), new File(args[1]), null)
        .setHandlerFactory(session -> {
          say("\"connected\": true");
          var looks = looksAtEach.buildHandler(session);
          return (headers, payload) -> answer(looks, headers, payload);
        })
        .setUseAlpn(true)
        .setEventLoopGroup(new NioEventLoopGroup(LOOPS))
        .setListener(new Heard())
        .build();
    say("\"port\": " + server.start(args.length > 6 ? Integer.parseInt(args[6]) : 0).get());
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      hear(line.split(" "));
      say("\"told\": true");
    }
    System.exit(0);
  }

  static void hear(String[] words) {
    switch (words[0]) {
      case "know" -> known.add(words[1]);
      case "expire" -> expired.put(words[1], Instant.now());
      case "shut" -> server.shutdown().join();
      case "anew" -> {
        known.clear();
        expired.clear();
        next.clear();
        freed.countDown();
        freed = new CountDownLatch(1);
      }
      default -> {
        for (int nth = 1; nth < words.length; nth++) next.add(words[nth]);
      }
    }
  }

  static void answer(PushNotificationHandler looks, Http2Headers headers, ByteBuf payload)
      throws RejectedNotificationException {
    var how = next.isEmpty() ? "ok" : next.poll();
    switch (how) {
      case "hang" -> {
        say("\"hangs\": true");
        try {
          freed.await();
        } catch (InterruptedException over) {
          Thread.currentThread().interrupt();
        }
      }
      case "die" -> Runtime.getRuntime().halt(1);
      case "ok" -> { }
      default -> throw new RejectedNotificationException(RejectionReason.valueOf(how));
    }
    looks.handlePushNotification(signedInDer(headers), payload);
  }

  // RFC 7518 (3.4) has a signature as two numbers of 32 bytes each; pushy checks it, but reads DER.
  static Http2Headers signedInDer(Http2Headers headers) {
    var said = headers.get("authorization");
    var parts = said == null ? new String[0] : said.toString().split("\\.");
    if (parts.length != 3) return headers;
    var raw = Base64.getUrlDecoder().decode(parts[2]);
    if (raw.length != 2 * NUMBER_BYTES) return headers;
    var r = new BigInteger(1, Arrays.copyOf(raw, NUMBER_BYTES)).toByteArray();
    var s = new BigInteger(1, Arrays.copyOfRange(raw, NUMBER_BYTES, raw.length)).toByteArray();
    var der = ByteBuffer.allocate(6 + r.length + s.length)
        .put((byte) 0x30).put((byte) (4 + r.length + s.length))
        .put((byte) 0x02).put((byte) r.length).put(r)
        .put((byte) 0x02).put((byte) s.length).put(s).array();
    var signature = Base64.getUrlEncoder().withoutPadding().encodeToString(der);
    return new DefaultHttp2Headers(false).setAll(headers)
        .set("authorization", parts[0] + "." + parts[1] + "." + signature);
  }

  static class Heard implements MockApnsServerListener {
    @Override
    public void handlePushNotificationAccepted(Http2Headers headers, ByteBuf payload) {
      say("\"accepted\": " + about(headers, payload));
    }

    @Override
    public void handlePushNotificationRejected(
        Http2Headers headers, ByteBuf payload, RejectionReason why, Instant since) {
      say("\"rejected\": \"" + why.name() + "\", \"message\": " + about(headers, payload));
    }

    static String about(Http2Headers headers, ByteBuf payload) {
      var bytes = new byte[payload == null ? 0 : payload.readableBytes()];
      if (payload != null) payload.getBytes(payload.readerIndex(), bytes);
      var said = StreamSupport.stream(headers.spliterator(), false)
          .map(each -> quoted(each.getKey()) + ": " + quoted(each.getValue()))
          .collect(Collectors.joining(", "));
      return "{\"headers\": {" + said + "}, \"payload\": " + quoted(Base64.getEncoder().encodeToString(bytes)) + "}";
    }

    static String quoted(CharSequence text) {
      return '"' + text.toString().replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
  }

  static synchronized void say(String what) {
    System.out.println("{" + what + "}");
    System.out.flush();
  }
}
