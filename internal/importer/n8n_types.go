package importer

// n8nTypes are types of n8n's that have another name than our service for the same credential. All others go by their
// name: see n8nService.
var n8nTypes = map[string]string{
	"slackApi": "slack_token", "slackOAuth2Api": "slack", "slackManagerOAuth2Api": "slack",
	"hubspotAppToken": "hubspot_token", "hubspotApi": "hubspot_token", "hubspotDeveloperApi": "hubspot",
	"jiraSoftwareCloudApi": "jira", "jiraSoftwareCloudOAuth2Api": "jira_oauth", "jiraSoftwareServerApi": "jira_data_center_basic", "jiraSoftwareServerPatApi": "jira_data_center",
	"confluenceCloudOAuth2Api": "confluence", "openWeatherMapApi": "openweather", "convertKitApi": "kit_key", "brevoApi": "brevo", "sendInBlueApi": "brevo",
	"twitterOAuth2Api": "x_com", "twitterOAuth1Api": "x_oauth1", "mondayComApi": "monday_key", "mondayComOAuth2Api": "monday",
	"sentryIoApi": "sentry", "sentryIoOAuth2Api": "sentry_oauth", "sentryIoServerApi": "sentry", "urlScanIoApi": "urlscan", "rocketchatApi": "rocket_chat",
	"facebookGraphApiOAuth2Api": "facebook", "facebookGraphAppOAuth2Api": "facebook", "gSuiteAdminOAuth2Api": "google_workspace_admin", "googleSheetsTriggerOAuth2Api": "google_sheets",
	"googleFirebaseCloudFirestoreOAuth2Api": "google_firestore", "googleCloudNaturalLanguageOAuth2Api": "google_natural_language", "googleTranslateOAuth2Api": "google_translate",
	"googleContactsOAuth2Api": "google_contacts", "googlePalmApi": "google_gemini", "microsoftDynamicsOAuth2Api": "dynamics_365", "microsoftEntraOAuth2Api": "microsoft_graph",
	"microsoftOneDriveOAuth2Api": "onedrive", "microsoftSharePointOAuth2Api": "sharepoint_online", "microsoftAzureMonitorOAuth2Api": "azure_monitor", "azureStorageOAuth2Api": "azure_blob_storage",
	"freshworksCrmApi": "freshsales", "payPalApi": "paypal", "magento2Api": "magento", "mailjetEmailApi": "mailjet", "mailjetSmsApi": "mailjet_sms", "linkedInCommunityManagementOAuth2Api": "linkedin_ads_community",
	"ciscoWebexOAuth2Api": "webex", "crowdStrikeOAuth2Api": "crowdstrike", "elasticsearchApi": "elastic_basic", "haloPSAApi": "haloitsm", "bitwardenApi": "bitwarden", "auth0ManagementApi": "auth0",
	"nocoDbApiToken": "nocodb", "nocoDb": "nocodb", "serviceNowBasicApi": "servicenow_basic", "shopifyAccessTokenApi": "shopify", "shopifyOAuth2Api": "shopify_app",
	"zammadBasicAuthApi": "zammad", "zammadTokenAuthApi": "zammad", "storyblokContentApi": "storyblok_delivery", "storyblokManagementApi": "storyblok", "strapiTokenApi": "strapi",
	"whatsAppApi": "whatsapp_business", "wordpressOAuth2Api": "wordpress_com", "baserowTokenApi": "baserow", "ghostContentApi": "ghost_content", "segmentApi": "segment_write_key",
	"ciscoUmbrellaApi": "cisco_umbrella", "goToWebinarOAuth2Api": "goto_webinar", "supabaseApi": "supabase_project", "contentfulApi": "contentful_delivery", "bitbucketAccessTokenApi": "bitbucket_access_token",
	"cloudflareApi": "cloudflare", "customerIoApi": "customer_io", "formstackApi": "formstack_token", "vonageApi": "vonage_key", "discordBotApi": "discord_bot", "quickBaseApi": "quickbase",
	"anthropicApi": "anthropic", "groqApi": "groq", "cohereApi": "cohere", "mistralCloudApi": "mistral", "deepSeekApi": "deepseek", "huggingFaceApi": "hugging_face", "openRouterApi": "openrouter", "xAiApi": "xai", "pineconeApi": "pinecone",
	"apifyApi": "apify", "trelloOAuth1Api": "trello", "trelloApi": "trello_token", "zendeskOAuth2Api": "zendesk_oauth", "calApi": "cal_com_key", "egoiApi": "egoi",
}
