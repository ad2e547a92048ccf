"""Agents as they are seen in the world, by what is behind them; written from public facts."""

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {_SAFARI}"

ROBOTS = {
    # previews in messengers
    "whatsapp": "WhatsApp/2.23.20.0",
    "whatsapp_ios": "WhatsApp/2.24.17.78 i",
    "apple_messages": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4"
    " (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot"
    " Twitterbot/1.0",
    "facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "facebook_app": "facebookexternalua",
    "instagram": "meta-externalagent/1.1"
    " (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "telegram": "TelegramBot (like TwitterBot)",
    "twitter": "Twitterbot/1.0",
    "slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "slack_pictures": "Slack-ImgProxy (+https://api.slack.com/robots)",
    "teams": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"
    " skype-url-preview@microsoft.com",
    "discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "linkedin": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient"
    " +http://www.linkedin.com)",
    "viber": "Viber/13.3.0.0",
    "line": "facebookexternalhit/1.1;line-poker/1.0",
    "kakaotalk": "facebookexternalhit/1.1; kakaotalk-scrap/1.0;"
    " +https://devtalk.kakao.com/t/scrap/33984",
    "snapchat": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/70.0 Safari/537.36 Snap URL Preview Service",
    "pinterest": "Mozilla/5.0 (compatible; Pinterestbot/1.0; +https://www.pinterest.com/bot.html)",
    "mastodon": "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.example/)",
    # search engines and their helpers
    "google": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "google_phone": f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_CHROME}"
    " Chrome/130.0.6723.69 Mobile Safari/537.36 (compatible; Googlebot/2.1;"
    " +http://www.google.com/bot.html)",
    "google_safety": "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)",
    "google_reads_aloud": f"Mozilla/5.0 (Linux; Android 7.0; SM-G930V) {_CHROME} Chrome/59.0.3071"
    " Mobile Safari/537.36 (compatible; Google-Read-Aloud;"
    " +https://support.google.com/webmasters/answer/1061943)",
    "bing": f"Mozilla/5.0 {_CHROME[:-1]}; compatible; bingbot/2.0;"
    " +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "bing_preview": "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko)"
    " BingPreview/1.0b",
    "apple": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) {_SAFARI} Version/13.1.1"
    " Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    # scanners of mail and links
    "barracuda": "Barracuda Sentinel (EE)",
    "proofpoint": "Proofpoint URL Defense",
    "mimecast": "Mimecast-URL-Protect/1.0",
    "safelinks": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Chrome/120.0.0.0"
    " Safari/537.36 SafeLinks",
    "outlook": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "virustotal": "Mozilla/5.0 (compatible; virustotalcloud; +https://www.virustotal.com)",
    # programs
    "curl": "curl/8.5.0",
    "wget": "Wget/1.21.4",
    "requests": "python-requests/2.32.3",
    "go": "Go-http-client/2.0",
    "java": "Java/17.0.2",
    "okhttp": "okhttp/4.12.0",
    "android_app": "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A.240205.004)",
    "apple_app": "Mail/3774.600.62 CFNetwork/1494.0.7 Darwin/23.4.0",
    "headless": f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME} HeadlessChrome/130.0.0.0 Safari/537.36",
    "phantom": "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko)"
    " PhantomJS/2.1.1 Safari/538.1",
    "monitor": "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "ai": f"Mozilla/5.0 {_CHROME[:-1]}; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "unknown_bot": "Mozilla/5.0 (compatible; SomethingNewBot/0.1; +https://new.example/bot)",
    "unknown_unfurler": "Acme Link Preview 3.1",
    "nobody": "",
    "blanks": "   ",
}

PEOPLE = {
    "iphone": f"{_IPHONE} Version/18.1 Mobile/15E148 Safari/604.1",
    "ipad": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/18.1"
    " Safari/605.1.15",
    "iphone_chrome": f"{_IPHONE} CriOS/130.0.6723.90 Mobile/15E148 Safari/604.1",
    "iphone_old": "Mozilla/5.0 (iPhone; CPU iPhone OS 9_3_5 like Mac OS X) AppleWebKit/601.1.46"
    " (KHTML, like Gecko) Version/9.0 Mobile/13G36 Safari/601.1",
    "android": f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Chrome/130.0.0.0 Mobile"
    " Safari/537.36",
    "android_old": "Mozilla/5.0 (Linux; U; Android 4.1.2; nl-be; GT-I8190 Build/JZO54K)"
    " AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
    "samsung": f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {_CHROME} SamsungBrowser/25.0"
    " Chrome/121.0.0.0 Mobile Safari/537.36",
    "huawei": f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-NX9) {_CHROME} Chrome/114.0.5735.196"
    " HuaweiBrowser/15.0.4.312 Mobile Safari/537.36",
    "xiaomi": f"Mozilla/5.0 (Linux; U; Android 13; en-gb; 2201117TY) {_CHROME} Version/4.0"
    " Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.9.1-gn",
    "cubot": f"Mozilla/5.0 (Linux; Android 13; CUBOT P80) {_CHROME} Chrome/128.0.0.0 Mobile"
    " Safari/537.36",
    "cubot_build": f"Mozilla/5.0 (Linux; Android 11; CUBOT_X50 Build/RP1A.200720.011; CUBOT)"
    f" {_CHROME} Version/4.0 Chrome/98.0.4758.101 Mobile Safari/537.36",
    "instagram": f"{_IPHONE} Mobile/15E148 Instagram 340.0.0.0 (iPhone14,5; iOS 18_1; nl_BE;"
    " scale=3.00; 1170x2532; 620000000)",
    "instagram_android_15": "Mozilla/5.0 (Linux; Android 15; CPH2581 Build/AP3A.240617.008; wv)"
    f" {_CHROME} Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36 Instagram 358.0.0.51.97"
    " Android (35/15; 480dpi; 1080x2400; OPPO; CPH2581; OP595DL1; qcom; fr_FR; 671551730)",
    "facebook": f"{_IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.0;FBBV/1;FBDV/iPhone14,5]",
    "facebook_android": f"Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv)"
    f" {_CHROME} Version/4.0 Chrome/130.0.6723.58 Mobile Safari/537.36"
    " [FB_IAB/FB4A;FBAV/487.0.0.55.109;]",
    "meta_browser": f"Mozilla/5.0 (Linux; Android 16; Pixel 10 Build/CP1A.260305.018; wv) {_CHROME}"
    " Version/4.0 Chrome/146.0.7680.174 Mobile Safari/537.36 MetaIAB Facebook",
    "inside_whatsapp": f"Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) {_CHROME} Version/4.0"
    " Chrome/130.0.6723.58 Mobile Safari/537.36 WhatsApp/2.24.21.79",
    "inside_viber": f"{_IPHONE} Mobile/15E148 Viber/23.6.0",
    "inside_line": f"{_IPHONE} Mobile/15E148 Safari Line/14.18.0",
    "inside_kakaotalk": f"{_IPHONE} Mobile/15E148 KAKAOTALK/11.2.0 (INAPP)",
    "inside_tiktok": f"{_IPHONE} Mobile/15E148 musical_ly_36.5.0 JsSdk/2.0 NetType/WIFI"
    " BytedanceWebview/d8a21c6",
    "inside_wechat": f"{_IPHONE} Mobile/15E148 MicroMessenger/8.0.53 NetType/4G Language/en",
    "inside_linkedin": f"{_IPHONE} Mobile/15E148 [LinkedInApp]/9.30.1234",
    "inside_telegram": f"Mozilla/5.0 (Linux; Android 14; K) {_CHROME} Chrome/130.0.6723.58 Mobile"
    " Safari/537.36 Telegram-Android/11.2.3 (Samsung SM-S918B; Android 14; SDK 34; HIGH)",
    "inside_pinterest": f"{_IPHONE} Mobile/15E148 [Pinterest/iOS]",
    "inside_twitter": f"{_IPHONE} Mobile/15E148 Twitter for iPhone/10.63.1",
    "inside_snapchat": f"{_IPHONE} Mobile/15E148 Snapchat/13.10.0.42 (like Safari/8619.2.8)",
    "inside_teams": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Teams/24257.205"
    " Chrome/128.0.6613.186 Electron/32.1.2 Safari/537.36",
    "inside_naver": f"{_IPHONE} Mobile/15E148 NAVER(inapp; search; 2000; 12.8.50; 14PRO)",
    "duckduckgo": f"{_IPHONE} Version/18.1 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    "yandex": f"{_IPHONE} Version/18.0 YaBrowser/24.10.2.567.10 Mobile/15E148 Safari/604.1",
    "inside_gmail": f"{_IPHONE} GSA/338.0.688 Mobile/15E148 Safari/604.1",
    "opera_mini": "Opera/9.80 (Android; Opera Mini/36.2.2254/191.256; U; en) Presto/2.12.423"
    " Version/12.16",
    "opera_mini_new": f"Mozilla/5.0 (Linux; U; Android 10; TECNO KC8) {_CHROME} Version/4.0"
    " Chrome/130.0.0.0 Mobile Safari/537.36 OPR/82.0.2254.73147",
    "uc": "Mozilla/5.0 (Linux; U; Android 11; en-US; RMX3231)"
    f" {_CHROME} Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.4.0.1306 Mobile Safari/537.36",
    "kaios": "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    "nokia": "NokiaC3-00/5.0 (08.63) Profile/MIDP-2.1 Configuration/CLDC-1.1 Mozilla/5.0"
    " AppleWebKit/420+ (KHTML, like Gecko) Safari/420+",
    "blackberry": "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko)"
    " Version/10.0.9.2372 Mobile Safari/537.10+",
    "firefox": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "firefox_android": "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
    "windows": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Chrome/130.0.0.0"
    " Safari/537.36 Edg/130.0.0.0",
    "mac": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/17.6"
    " Safari/605.1.15",
    "chromebook": f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_CHROME} Chrome/130.0.0.0"
    " Safari/537.36",
    "sogou": f"Mozilla/5.0 (Linux; Android 12; V2049A) {_CHROME} Version/4.0 Chrome/97.0.4692.98"
    " Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/5.28.12",
    "silk": f"Mozilla/5.0 (Linux; Android 9; KFTRWI) {_CHROME} Silk/130.4.1"
    " like Chrome/130.0.6723.102 Safari/537.36",
    "a_phone_called_java": "Mozilla/5.0 (Linux; Android 9; JAVA Phone) AppleWebKit Chrome/80.0"
    " Mobile Safari/537.36",
    "nobody_knows": "A browser nobody knows",
}
