/** Says which plug-in made a model. */
export const pluginFile = 'encoder_plugin.json'
